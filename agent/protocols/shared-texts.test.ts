import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SharedTexts } from './shared-texts.js';

test('texts are shared within a number of bytes, whatever they are', () => {
  fc.assert(fc.property(fc.array(fc.nat(40), { maxLength: 200 }), (lengths) => {
    const shared = new SharedTexts(2_000);
    for (const length of lengths) {
      expect(shared.of('x'.repeat(length * 30))).toBe('x'.repeat(length * 30));
      expect(shared.bytes).toBeLessThanOrEqual(2_000);
    }
  }));
});

test('what comes again takes no more', () => {
  const shared = new SharedTexts(2_000);
  shared.of('SELECT 1');
  const { bytes } = shared;
  shared.of(['SELECT', '1'].join(' '));
  expect(shared.bytes).toBe(bytes);
  expect(bytes).toBeGreaterThan(0);
});
