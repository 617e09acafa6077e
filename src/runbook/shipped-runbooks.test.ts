import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadRulesDirectory } from '../config/fs-rules.js';
import { checkRunbookReferences } from '../config/load-rules.js';
import { formatProblem } from '../lib/problem.js';
import { loadRunbooksDirectory } from './fs-runbooks.js';
import { renderRunbook } from './render-runbook.js';
import { SAMPLE_CONTEXTS } from './sample-contexts.js';

const root = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));

test('every shipped runbook loads and renders, and every SLO finds its own', async () => {
  const { runbooks, problems } = await loadRunbooksDirectory(root('runbooks'));
  expect(problems.map(formatProblem)).toEqual([]);
  const { rules } = await loadRulesDirectory(root('rules'));
  expect(checkRunbookReferences(rules, runbooks.map(({ name }) => name)).map(formatProblem)).toEqual([]);
});

test('every shipped runbook has the five parts that an on-call engineer looks for', async () => {
  const { runbooks } = await loadRunbooksDirectory(root('runbooks'));
  for (const runbook of runbooks) {
    for (const { context } of SAMPLE_CONTEXTS) {
      const rendered = renderRunbook(runbook, context);
      const headings = rendered.ok ? [...rendered.value.matchAll(/^## (\w+)/gm)].map(([, heading]) => heading) : rendered.error;
      expect(headings, runbook.file).toEqual(['Meaning', 'Impact', 'Check', 'Mitigate', 'Escalate']);
    }
  }
});
