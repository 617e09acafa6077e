import { expect, test } from 'vitest';
import { FactTable, type QualityFact } from './quality-fact.js';
import { measuresOf } from './quality-measures.js';

const fact = (name: QualityFact['fact'], n: number, bad: number): QualityFact => ({ fact: name, service: 'cart', subject: '', n, bad, value: 0, examples: [] });
const orphanRatio = (facts: readonly QualityFact[]): number | undefined => measuresOf({ table: new FactTable(facts), window: { fromMs: 0, toMs: 3_600_000 }, counted: [], prices: undefined }, 'cart').orphanRatio;

const PLAIN_HOUR = [fact('spans', 100, 0), fact('weighted', 1_000, 0), fact('orphans', 80, 10)];
const WEIGHED_HOUR = [...PLAIN_HOUR, fact('orphan-weight', 1_000, 100)];

test('the share of orphans is by weight, of the hours that were stored with it: a week of an upgrade has others too', () => {
  expect(orphanRatio(WEIGHED_HOUR)).toBe(0.1);
  expect(orphanRatio([...WEIGHED_HOUR, ...PLAIN_HOUR, ...PLAIN_HOUR])).toBe(0.1);
});

test('where no hour has weights, orphans are counted by spans', () => {
  expect(orphanRatio(PLAIN_HOUR)).toBe(0.1);
});
