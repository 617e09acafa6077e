import type { TrackedSignature } from './tracked-signature.js';

const ERASED = '<erased>';
/** What an id goes on with: within a longer word a value is not the value. */
const WORD = String.raw`[\p{L}\p{N}_]`;

/** A signature of which nothing tells of a person any more: no example from a trace that was erased, and nowhere the value itself. Counts stay. */
export function withoutPerson(signature: TrackedSignature, { value, isExampleErased }: { readonly value: string; readonly isExampleErased: boolean }): TrackedSignature {
  const whole = new RegExp(`(?<!${WORD})${value.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)}(?!${WORD})`, 'gu');
  const conceal = (text: string): string => text.replaceAll(whole, () => ERASED);
  const { message, frames, example, tenants } = signature;
  const shown = isExampleErased ? { ...example, text: ERASED, stack: '' } : { ...example, text: conceal(example.text), stack: conceal(example.stack) };
  const { [value]: own, ...others } = tenants;
  return { ...signature, message: conceal(message), frames: frames.map(conceal), example: shown, tenants: own === undefined ? tenants : { ...others, [ERASED]: own + (others[ERASED] ?? 0) } };
}
