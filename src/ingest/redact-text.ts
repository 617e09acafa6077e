import { MASK } from './detect-concealed.js';
import { signsOf } from './detect-signs.js';
import type { TextStep } from './redact-compile.js';

/** What a rule found, by its index. */
export interface Hit {
  readonly rule: number;
  readonly count: number;
}

/** Secrets that touch each other come to light one after another; a text that is not done after so many passes is concealed as a whole. */
const MAX_PASSES = 8;

/** The text without what the steps find in it. Doing it again changes nothing. */
export function redactText(text: string, steps: readonly TextStep[], found: Hit[]): string {
  let redacted = text;
  for (let pass = 0; pass < MAX_PASSES; pass += 1) {
    const signs = signsOf(redacted);
    if (signs === 0) return redacted;
    const before = found.length;
    redacted = onePass(redacted, signs, { steps, found });
    if (found.length === before) return redacted;
  }
  return MASK;
}

function onePass(text: string, signs: number, { steps, found }: { readonly steps: readonly TextStep[]; readonly found: Hit[] }): string {
  let redacted = text;
  for (const step of steps) {
    if ((signs & step.signs) !== step.signs) continue;
    redacted = step.redact(redacted);
    if (step.count === 0) continue;
    found.push({ rule: step.rule.index, count: step.count });
    step.count = 0;
  }
  return redacted;
}
