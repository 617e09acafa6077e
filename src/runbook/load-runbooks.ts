import { deepFreeze } from '../lib/deep-freeze.js';
import { errorAt, sortProblems } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import type { TextFile } from '../lib/yaml-document.js';
import { parseRunbook } from './parse-runbook.js';
import { findTemplateFaults, tryRender, type TemplateFault } from './render-runbook.js';
import type { Runbook } from './runbook.js';
import { SAMPLE_CONTEXTS } from './sample-contexts.js';

export interface LoadedRunbooks {
  readonly runbooks: readonly Runbook[];
  readonly problems: readonly Problem[];
}

/** Reads runbooks and renders each for sample incidents, so that one that would fail at 03:00 fails now. */
export function loadRunbooks(files: readonly TextFile[]): LoadedRunbooks {
  const problems: Problem[] = [];
  const runbooks = files.flatMap((file) => parseRunbook(file, problems) ?? []);
  for (const runbook of runbooks) problems.push(...templateProblems(runbook));
  return { runbooks: deepFreeze(runbooks), problems: sortProblems(problems) };
}

function templateProblems(runbook: Runbook): Problem[] {
  const faults = findTemplateFaults(runbook);
  if (faults.length > 0) {
    return faults.map((fault) => errorAt(locate(runbook, fault), 'runbooks/template', { message: fault.message, hint: 'text with {{ or {% that is no template goes between {% raw %} and {% endraw %}' }));
  }
  // One sample is enough to report a fault that both have.
  for (const { name, context } of SAMPLE_CONTEXTS) {
    const rendered = tryRender(runbook, context);
    if (rendered.ok) continue;
    return [errorAt(locate(runbook, rendered.error), 'runbooks/does-not-render', { message: `${rendered.error.message} for ${name}`, hint: 'ask first: {% if signature %}…{% endif %}; docs/configuration.md lists what there is' })];
  }
  return [];
}

function locate({ file }: Runbook, { line, column }: TemplateFault): { file: string; line: number; column: number } {
  return { file, line, column };
}
