import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpuMsOf } from '../../test/support/cpu-time.js';
import { DETECTOR_NAMES, type DetectorName, type RedactionMode } from '../config/redaction.js';
import type { Concealer } from './detect-concealed.js';
import { DETECTORS, type Detector } from './detect.js';
import { INNOCENT, SECRETS } from './detect-corpus.js';
import { signsOf } from './detect-signs.js';
import { compileRedaction, type TextStep } from './redact-compile.js';
import { concealerFor } from './redact-concealer.js';
import { redactText, type Hit } from './redact-text.js';

const MASKING = concealerFor('mask', undefined);
const HASHING = concealerFor('hash', Buffer.alloc(32, 7));

/** As the redactor runs it: only where its signs are. */
function run(name: DetectorName, text: string, concealer: Concealer = MASKING): string {
  const detector: Detector = DETECTORS[name];
  return (signsOf(text) & detector.signs) === detector.signs ? detector.redact(text, concealer) : text;
}

const at = { file: 'redaction.yaml', line: 1, column: 1 };

/** All detectors, as the redactor runs them. */
function stepsOf(mode: RedactionMode): readonly TextStep[] {
  const rule = { name: 'all', mode, attributes: undefined, detect: DETECTOR_NAMES, secretNames: [], at };
  const { redaction } = compileRedaction([{ name: 'all', enabled: true, services: undefined, exempt: undefined, rules: [rule], at }], Buffer.alloc(32, 7));
  return redaction.rules[0]!.steps;
}

const STEPS = { mask: stepsOf('mask'), hash: stepsOf('hash') };

function runAll(text: string, mode: 'mask' | 'hash' = 'mask', found: Hit[] = []): string {
  return redactText(text, STEPS[mode], found);
}

describe.each(DETECTOR_NAMES)('the detector %s', (name) => {
  test.each(SECRETS[name].map(([text, secret, masked]) => ({ text, secret, masked })))('conceals in $masked', ({ text, secret, masked }) => {
    expect(text).toContain(secret);
    expect(run(name, text)).toBe(masked);
    expect(run(name, masked)).toBe(masked);
  });

  test('writes hashes in place of secrets, which it then leaves alone', () => {
    for (const [text, secret] of SECRETS[name]) {
      const hashed = run(name, text, HASHING);
      expect(hashed).not.toContain(secret);
      expect(hashed).toMatch(/hmac:[0-9a-f]{16}/);
      expect(run(name, hashed, HASHING)).toBe(hashed);
    }
  });
});

describe('detectors together', () => {
  test('let no secret of the corpus through, wherever it stands', () => {
    const samples = Object.values(SECRETS).flat();
    fc.assert(fc.property(fc.constantFrom(...samples), fc.constantFrom(...samples), fc.constantFrom(' ', '\n', '", "', ' | ', '\t'), ([first, secret], [second, other], between) => {
      const redacted = runAll(`${first}${between}${second}`);
      expect(redacted).not.toContain(secret);
      expect(redacted).not.toContain(other);
    }), { numRuns: 2_000 });
  });

  test.each(INNOCENT.map((text) => ({ text })))('leave "$text" as it is', ({ text }) => {
    expect(runAll(text)).toBe(text);
  });

  test('give equal hashes to equal secrets that are written differently', () => {
    const hashes = (name: DetectorName, ...texts: string[]): Set<string> => new Set(texts.map((text) => /hmac:[0-9a-f]{16}/.exec(run(name, text, HASHING))?.[0] ?? ''));
    expect(hashes('card-number', '4111111111111111', '4111 1111 1111 1111', '4111-1111-1111-1111')).toHaveLength(1);
    expect(hashes('email', 'Ann@Shop.example', 'x=ann%40shop.example')).toHaveLength(1);
    expect(hashes('iban', 'DE89370400440532013000', 'DE89 3704 0044 0532 0130 00')).toHaveLength(1);
    expect(hashes('email', 'ann@shop.example', 'bob@shop.example')).toHaveLength(2);
  });
});

describe('ids of machines are left alone', () => {
  const untouched = (arbitrary: fc.Arbitrary<string>): void => fc.assert(fc.property(arbitrary, (text) => {
    expect(runAll(text)).toBe(text);
  }), { numRuns: 3_000 });
  const hexOf = (length: number): fc.Arbitrary<string> => fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdef')), minLength: length, maxLength: length });

  test('UUIDs', () => untouched(fc.uuid()));
  test('trace ids and hashes', () => untouched(fc.oneof(hexOf(32), hexOf(40), hexOf(64), hexOf(12))));
  test('trace contexts', () => untouched(fc.tuple(hexOf(32), hexOf(16)).map(([trace, span]) => `00-${trace}-${span}-01`)));
  test('times since 1970, in seconds to nanoseconds, up to 2039', () => untouched(fc.tuple(fc.integer({ min: 1_000_000_000, max: 2_199_999_999 }), fc.constantFrom('', '000', '123', '123456', '123456789')).map(([seconds, rest]) => `${seconds}${rest}`)));
  test('dates', () => untouched(fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((date) => date.toISOString())));
  test('numbers of up to twelve digits', () => untouched(fc.nat({ max: 999_999_999_999 }).map(String)));
  test('fractions', () => untouched(fc.double({ min: 0, max: 1, noNaN: true }).map(String)));
  test('addresses of machines', () => untouched(fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain())));

  test('numbers of 64 bits, but for one in a thousand that looks like a card of 19 digits', () => {
    const numbers = fc.sample(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { numRuns: 20_000, seed: 1 }).filter((number) => number > 10n ** 17n);
    const hit = numbers.filter((number) => runAll(String(number)) !== String(number));
    expect(hit.length / numbers.length).toBeLessThan(0.002);
  });

  test('numbers of 16 digits, but for the one in forty that looks like a card', () => {
    const numbers = fc.sample(fc.bigInt({ min: 10n ** 15n, max: 10n ** 16n - 1n }), { numRuns: 20_000, seed: 1 });
    const hit = numbers.filter((number) => runAll(String(number)) !== String(number));
    expect(hit.length / numbers.length).toBeLessThan(0.025);
  });
});

describe('any text', () => {
  const pieces = [...Object.values(SECRETS).flat().flatMap(([text]) => [text, text.slice(0, Math.ceil(text.length / 2)), text.slice(Math.floor(text.length / 3))]), ...INNOCENT, '"', '\\', '%', '%4', '=', ':', '@', '-----BEGIN ', '\u0000', '\ud800', 'é', ';', 'password', 'token', 'Bearer ', '4111', 'eyJ'];
  const texts = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 12 }), fc.string({ maxLength: 20 })), { maxLength: 8 }).map((parts) => parts.join(''));

  test('is redacted the same way twice', () => {
    fc.assert(fc.property(texts, fc.constantFrom('mask' as const, 'hash' as const), (text, mode) => {
      const once = runAll(text, mode);
      expect(runAll(once, mode)).toBe(once);
    }), { numRuns: 5_000 });
  });

  test('grows by no more than a hash for each secret, and a secret has at least one character', () => {
    fc.assert(fc.property(texts, (text) => {
      const found: Hit[] = [];
      const redacted = runAll(text, 'hash', found);
      const secrets = found.reduce((sum, { count }) => sum + count, 0);
      expect(redacted.length).toBeLessThanOrEqual(text.length + secrets * 40);
      expect(secrets).toBeLessThanOrEqual(text.length);
    }), { numRuns: 3_000 });
  });

  test('of the longest length that decoders keep is read in linear time, whatever it repeats', () => {
    const repeats = ['a', '1', '4111 ', '4111-', '@', 'a@', 'a@b', 'a@b.', '=', 'pwd=', 'pwd=/', 'token:', 'token=$1=', 'cookie:', '"password":"/', 'password={', ';pwd={', ';pwd="', ';password=\'', '://', '://a:', 'http://a:b/', 'eyJ', '-eyJ', 'eyJaaaaaaaaaaaa.', 'eyJaaaaaaaaaaaa-', 'Bearer ', 'authorization:', 'authorization: Bearer ', 'Basic a', '-----BEGIN PRIVATE KEY-----', '-----', 'sk-', 'sk-aa-', 'SG.', 'SG.aaaaaaaaaaaaaaaa', 'xoxb-', 'hooks.slack.com/services/', 'DE89 ', 'DE89AAAA', '%40', 'a%40', '%2B', 'a%2B@', '%3D', 'token%3D', '\\', 'password\\":\\"', ' ', 'token= ', 'token=,', 'token=)a', ':thin:', 'a:b', '1-', '536-22-', 'AKIA', 'A'];
    for (const piece of repeats) {
      const text = piece.repeat(Math.ceil(65_536 / piece.length));
      // Anything quadratic takes minutes here; the slowest of these takes a few hundredths of a second.
      expect(cpuMsOf(() => { runAll(text); }), piece).toBeLessThan(2_000);
    }
  });
});
