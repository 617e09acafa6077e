import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpuMsOf } from '../../test/support/cpu-time.js';
import { firstStackFrames } from './first-stack-frames.js';
import { SAMPLE_STACKS, SAMPLE_STACK_VARIANTS } from './sample-failures.js';
import { KEY_FRAMES, MAX_STACK_LENGTH, normaliseStack } from './stack-frames.js';

describe('a stack', () => {
  test.each(SAMPLE_STACKS)('of %s is its own frames, without lines', (language, stack, key) => {
    expect(normaliseStack(stack)).toMatchObject({ language, key });
  });

  test.each(SAMPLE_STACK_VARIANTS)('of %s', (_name, language, stack, key) => {
    expect(normaliseStack(stack)).toMatchObject({ language, key });
  });

  test('is the same after every line has moved and the program lies elsewhere', () => {
    for (const [, stack, key] of SAMPLE_STACKS) {
      const moved = stack.replaceAll('/srv/', '/opt/release-12/').replaceAll('/app/', '/var/lib/shop/').replace(/:(\d+):(\d+)/g, (_all, line, column) => `:${Number(line) + 7}:${column}`);
      expect(normaliseStack(moved)?.key).toEqual(key);
    }
  });

  test('says which frames it left out', () => {
    expect(normaliseStack(SAMPLE_STACKS[0]![1])?.frames.map(({ own }) => own)).toEqual([false, true, true, false]);
  });

  test('of libraries alone keeps theirs, and recursion is one frame', () => {
    const deep = Array.from({ length: 30 }, (_, index) => `    at walk (/app/node_modules/tree/walk.js:${index + 1}:1)`).join('\n');
    expect(normaliseStack(`RangeError\n${deep}\n    at emit (node:events:1:1)`)?.key).toEqual(['walk (walk.js)', 'emit (node:events)']);
  });

  test('that is none is none', () => {
    for (const text of ['', 'it broke', 'at noon (we left)', '\tat nowhere']) expect(normaliseStack(text)).toBeUndefined();
  });

  test('is done within bounded time whatever the sender writes', () => {
    const nasty = fc.oneof(
      fc.string({ maxLength: 40_000, unit: 'binary' }),
      fc.constantFrom('    at ', 'at a.b(', 'a.', '/', '(', '::', 'File "', '#0 ', '    at a (', '  0: ', '<a>b__', '$$Lambda', '\n', '    at a.b(c) in ').map((piece) => piece.repeat(6_000)),
      fc.array(fc.constantFrom('at', ' ', 'a', '.', '(', ')', ':', '1', '\n', '\t', '/', '$', '<', '>', 'in '), { maxLength: 3_000 }).map((pieces) => pieces.join('')),
    );
    fc.assert(fc.property(nasty, (stack) => {
      expect(cpuMsOf(() => { expect(normaliseStack(stack)?.key.length ?? 0).toBeLessThanOrEqual(KEY_FRAMES); })).toBeLessThan(1_000);
    }), { numRuns: 200 });
  });

  test('of the longest length that is read is read in linear time, also where every line of it is empty', () => {
    for (const piece of ['\n', ' \n', '\n\t', '\r\n']) {
      const stack = piece.repeat(MAX_STACK_LENGTH / piece.length);
      for (const read of [normaliseStack, firstStackFrames]) expect(cpuMsOf(() => { read(stack); }), JSON.stringify(piece)).toBeLessThan(500);
    }
  });
});
