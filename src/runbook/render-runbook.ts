import nunjucks from 'nunjucks';
import { err, ok, type Result } from '../lib/result.js';
import type { RunbookContext } from './runbook-context.js';
import type { Runbook } from './runbook.js';
import { findForbidden, TEMPLATE_OPTIONS } from './template-guard.js';

/** A page of instructions is far shorter; more would be a loop gone wrong. */
export const MAX_RENDERED_LENGTH = 65_536;

/** Where a template failed, within the runbook's file. */
export interface TemplateFault {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

// An empty list of loaders: without it nunjucks would read files from ./views.
const environment = new nunjucks.Environment([], TEMPLATE_OPTIONS);

/** What keeps the runbook from being a template at all: syntax, or constructs that runbooks must not use. */
export function findTemplateFaults(runbook: Runbook): TemplateFault[] {
  try {
    const forbidden = findForbidden(runbook.body);
    if (forbidden.length > 0) return forbidden.map((fault) => ({ ...fault, line: fault.line + runbook.bodyLine - 1 }));
    new nunjucks.Template(runbook.body, environment, runbook.file, true);
    return [];
  } catch (error) {
    return [faultOf(error, runbook)];
  }
}

/** Renders without a look at what is allowed; callers have asked `findTemplateFaults` or use `renderRunbook`. */
export function tryRender(runbook: Runbook, context: RunbookContext): Result<string, TemplateFault> {
  try {
    const text = new nunjucks.Template(runbook.body, environment, runbook.file, true).render({ ...context });
    if (text.length > MAX_RENDERED_LENGTH) return err({ line: runbook.bodyLine, column: 1, message: `the rendered runbook has ${text.length} characters, the limit is ${MAX_RENDERED_LENGTH}` });
    return ok(text);
  } catch (error) {
    return err(faultOf(error, runbook));
  }
}

/** The runbook as Markdown for one incident; the error says where and why it failed. */
export function renderRunbook(runbook: Runbook, context: RunbookContext): Result<string, string> {
  const [fault] = findTemplateFaults(runbook);
  const rendered = fault === undefined ? tryRender(runbook, context) : err(fault);
  return rendered.ok ? rendered : err(`${runbook.file}:${rendered.error.line}: ${rendered.error.message}`);
}

/** At 03:00 a raw runbook is better than none: on failure the body as written, with a note on top. */
export function renderRunbookOrRaw(runbook: Runbook, context: RunbookContext): string {
  const rendered = renderRunbook(runbook, context);
  if (rendered.ok) return rendered.value;
  return `> **Note:** this runbook could not be filled in for this incident (${rendered.error}). It follows as it is written.\n\n${runbook.body.slice(0, MAX_RENDERED_LENGTH)}`;
}

/** nunjucks says `(file) [Line 2, Column 7]\n  reason`; its parser alone says the reason, and keeps the place beside it. */
function faultOf(error: unknown, runbook: Runbook): TemplateFault {
  const text = error instanceof Error ? error.message : String(error);
  const { lineno = 1, colno = 1 } = error as { readonly lineno?: number; readonly colno?: number };
  const [, line = String(lineno), column = String(colno)] = /\[Line (\d+), Column (\d+)\]/.exec(text) ?? [];
  const lines = text.split('\n').map((part) => part.trim());
  const reason = (lines.at(-1) ?? text).replace(/^(?:Template render error|Error): /, '');
  const place = { line: Number(line) + runbook.bodyLine - 1, column: Number(column) };
  if (!reason.includes('null or undefined')) return { ...place, message: reason };
  const printed = /^\{\{.*?\}\}/s.exec((runbook.body.split('\n')[Number(line) - 1] ?? '').slice(Number(column) - 1))?.[0];
  return { ...place, message: `${printed ?? 'an expression'} has no value` };
}
