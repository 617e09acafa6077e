import { describe, expect, test } from 'vitest';
import { loadRules } from './load-rules.js';
import { DEFAULT_QUALITY } from './quality-rule.js';

const load = (...specs: string[]): ReturnType<typeof loadRules> => loadRules([{ path: 'rules/quality.yaml', text: specs.map((spec, index) => `apiVersion: tocsin.dev/v1\nkind: TraceQuality\nmetadata: { name: q${index} }\nspec: ${spec}\n`).join('---\n') }]);

describe('rules on trace quality', () => {
  test('without a document, and with an empty one, the defaults hold', () => {
    expect(loadRules([]).rules.quality).toEqual(DEFAULT_QUALITY);
    expect(load('{}').rules.quality).toEqual(DEFAULT_QUALITY);
  });

  test('a document changes what it names', () => {
    const { rules: { quality }, problems } = load('{ thresholds: { partialTraces: 1%, collectorLatency: 30s, spanNames: 90 }, watch: [broken-context], owners: { payment: payments, "*": platform }, glossary: { attributes: [tenant], prefixes: [shop.] } }');
    expect(problems).toEqual([]);
    expect(quality).toEqual({
      thresholds: { ...DEFAULT_QUALITY.thresholds, partialTraces: 0.01, collectorLatencyMs: 30_000, spanNames: 90 }, watch: new Set(['broken-context']),
      owners: new Map([['payment', 'payments'], ['*', 'platform']]), glossary: { attributes: new Set(['tenant']), prefixes: ['shop.'] },
    });
  });

  test.each([
    ['{ thresholds: { partialTraces: 5 } }', 'spec.thresholds.partialTraces'], ['{ thresholds: { partialTraces: 120% } }', 'spec.thresholds.partialTraces'], ['{ thresholds: { collectorLatency: 10 } }', 'spec.thresholds.collectorLatency'],
    ['{ thresholds: { queryLatency: soon } }', 'spec.thresholds.queryLatency'], ['{ thresholds: { samplingLow: 20% } }', 'spec.thresholds.samplingLow'], ['{ watch: [tiny-spans] }', 'spec.watch[0]'], ['{ glossery: {} }', 'spec.glossery'],
  ])('%s is refused, with its place', (spec, path) => {
    expect(load(spec).problems.map((problem) => problem.path)).toEqual([path]);
  });

  test('a second document is refused', () => {
    expect(load('{}', '{}').problems.map(({ message }) => message)).toEqual(['there is another TraceQuality document']);
  });
});
