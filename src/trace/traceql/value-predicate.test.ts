import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareText } from './value-predicate.js';

describe('the order of texts', () => {
  test('is the order of their UTF-8 bytes, which databases use', () => {
    const unit = fc.oneof(fc.constantFrom('a', 'é', '\u07ff', '\ud7ff', '\ue000', '\uffee', '😀', '\u{10ffff}'), fc.string({ unit: 'grapheme', maxLength: 2 }));
    const text = fc.array(unit, { maxLength: 4 }).map((units) => units.join(''));
    fc.assert(
      fc.property(text, text, (left, right) => {
        expect(Math.sign(compareText(left, right))).toBe(Buffer.compare(Buffer.from(left), Buffer.from(right)));
      }),
      { numRuns: 1_000 },
    );
  });
});
