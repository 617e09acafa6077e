import fc from 'fast-check';
import { expect, test } from 'vitest';
import { endOfLine } from './text.js';

test('a line ends at its first line break, wherever the bytes begin and are cut', () => {
  fc.assert(fc.property(fc.array(fc.constantFrom('\r', '\n', 'a'), { maxLength: 12 }), fc.nat(12), fc.nat(12), (characters, from, end) => {
    const text = characters.join('');
    expect(endOfLine(Buffer.from(text, 'latin1'), from, Math.min(end, text.length))).toBe(text.slice(0, end).indexOf('\r\n', from));
  }), { numRuns: 2_000 });
});
