import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpuMsOf } from '../../test/support/cpu-time.js';
import { MAX_MESSAGE_LENGTH, parameterise } from './parameterise.js';
import { SAMPLE_MESSAGES } from './sample-failures.js';

describe('a message with what changes taken out', () => {
  test.each(SAMPLE_MESSAGES)('%s', (message, expected) => {
    expect(parameterise(message)).toBe(expected);
  });

  test('two occurrences that differ only in ids, times and addresses are one message', () => {
    const at = (id: number, ip: string): string => `payment p_${id}00017 refused by ${ip}:443 after ${id}12 ms`;
    expect(parameterise(at(7, '10.1.2.3'))).toBe(parameterise(at(9, '192.168.100.200')));
  });

  test('is done within bounded time and length whatever the sender writes', () => {
    const nasty = fc.oneof(
      fc.string({ maxLength: 5_000, unit: 'binary' }),
      fc.constantFrom('a', '1', 'a.', '1.', '1:', 'a-', '0x', ':', '@', '=', '="', "='", '-', 'aB1', 'http://', '1e', ' 1', '\ud800', '2026-01-').map((piece) => piece.repeat(4_000)),
      fc.array(fc.constantFrom('a', '1', '.', ':', '@', '-', '"', "'", '=', ' ', 'f', 'x', '/', '\n', 'com', 'ms'), { maxLength: 3_000 }).map((pieces) => pieces.join('')),
    );
    fc.assert(fc.property(nasty, (message) => {
      let result = '';
      expect(cpuMsOf(() => { result = parameterise(message); })).toBeLessThan(1_000);
      // A one-character value may become a longer name; nothing else grows.
      expect(result.length).toBeLessThanOrEqual(MAX_MESSAGE_LENGTH * 6);
      expect(parameterise(message)).toBe(result);
    }), { numRuns: 500 });
  });
});
