import { describe, expect, test } from 'vitest';
import { hashingRules, rulesFor } from '../../test/support/redaction-builder.js';
import { spanBatch } from '../trace/batch-builder.js';
import { NO_REDACTION, type RedactionRules } from './redact-compile.js';
import { redactorFor } from './redactor.js';
import { storedSpellings } from './stored-spellings.js';

/** What becomes of the id of a user that a service sends. */
function stored(rules: RedactionRules, value: string | number, service = 'shop'): unknown {
  const { batch } = redactorFor(rules).spans(spanBatch([{ service, attributes: { 'user.id': value } }]));
  return batch.attributes.find(({ key }) => key === 'user.id')?.value;
}

describe('as what a value may be stored', () => {
  test('is as it was sent, where no rule touches it', () => {
    expect(storedSpellings(NO_REDACTION, 'user.id', 'u4711')).toEqual({ values: ['u4711'], hashes: [], isLost: false });
    expect(storedSpellings(hashingRules(['customer.id']), 'user.id', 'u4711').hashes).toEqual([]);
  });

  test.each(['u4711', 'Ünïcode', '4711', 'a b', 'ann@shop.example'])('is the same hash that redaction writes: %s', (value) => {
    const rules = hashingRules(['user.id']);
    const hash = stored(rules, value);
    expect(hash).toMatch(/^hmac:[0-9a-f]{16}$/);
    expect(storedSpellings(rules, 'user.id', value)).toEqual({ values: [value, hash], hashes: [hash], isLost: false });
  });

  test('is the same for an id that was sent as a number', () => {
    const rules = hashingRules(['user.id']);
    expect(storedSpellings(rules, 'user.id', '4711').hashes).toEqual([stored(rules, 4711)]);
  });

  test('is either, where a rule is for one service only', () => {
    const rules = hashingRules(['user.id'], 'shop');
    expect(storedSpellings(rules, 'user.id', 'u1').values).toEqual([stored(rules, 'u1', 'front'), stored(rules, 'u1', 'shop')]);
  });

  test.each(['mask', 'drop'] as const)('is nothing to look for where a rule has the mode %s', (mode) => {
    expect(storedSpellings(rulesFor(mode, ['user.id']), 'user.id', 'u1')).toEqual({ values: ['u1'], hashes: [], isLost: true });
  });

  test('is a hash that was typed as it is', () => {
    expect(storedSpellings(hashingRules(['user.id']), 'user.id', 'hmac:0123456789abcdef')).toEqual({ values: ['hmac:0123456789abcdef'], hashes: [], isLost: false });
  });
});
