import type { RedactionPolicy } from './redaction.js';

/** Name of the shipped document, and of one that takes its place. */
export const DEFAULTS = 'defaults';

/** Whether there is a document that stands in for the shipped one as a whole. */
export function replacesDefaults(own: readonly RedactionPolicy[]): boolean {
  return own.some(({ name, rules }) => name === DEFAULTS && rules.length > 0);
}

/**
 * Whoever adds a rule expects to be safer than before, so own documents add to the shipped one, and come first: where both want a
 * value, the operator's own rule has it. An own document called `defaults` without rules only says where the shipped rules apply.
 */
export function withDefaults(own: readonly RedactionPolicy[], shipped: readonly RedactionPolicy[]): readonly RedactionPolicy[] {
  if (replacesDefaults(own)) return own;
  const rules = shipped.flatMap((policy) => policy.rules);
  const narrowed = own.map((policy) => (policy.name === DEFAULTS ? { ...policy, rules } : policy));
  return own.some(({ name }) => name === DEFAULTS) ? narrowed : [...own, ...shipped];
}
