import type { LabelMatcher } from '../lib/label-matcher.js';

/** One file of runbooks/: what to do, written by people, rendered for the incident at hand. */
export interface Runbook {
  /** File name without `.md`; what the annotation `tocsin.dev/runbook` names. */
  readonly name: string;
  readonly file: string;
  readonly title: string;
  /** All must match the labels of an alert; empty: found by name only. */
  readonly matchers: readonly LabelMatcher[];
  /** Markdown with nunjucks in it, without the front matter. */
  readonly body: string;
  /** Line of the file on which the body begins. */
  readonly bodyLine: number;
}

export const RUNBOOK_FILE = /\.md$/i;
