import { describe, expect, test } from 'vitest';
import type { RatioIndicator, Slo } from '../config/slo.js';
import { compileSlo, type CompiledSlo } from './compile-slo.js';

const AT = { file: 'rules/shop.yaml', line: 18, column: 32 };

function slo(indicator: { total?: string; bad?: string; good?: string; weight?: RatioIndicator['weight'] }, name = 'checkout'): Slo {
  const { total = '{ kind = server }', bad, good, weight = 'auto' } = indicator;
  return {
    name, displayName: name, description: '', service: 'shop', target: 0.999, windowMs: 2_592_000_000,
    indicator: {
      total: { text: total, at: AT }, weight,
      ...(bad === undefined ? {} : { bad: { text: bad, at: { ...AT, line: 20 } } }),
      ...(good === undefined ? {} : { good: { text: good, at: { ...AT, line: 20 } } }),
    },
    policy: { name: 'p', tiers: [], evidence: { enabled: true, burn: 2, significance: 0.001 } },
    labels: {}, at: { ...AT, line: 1, column: 1 },
  };
}

function compiled(source: Slo): CompiledSlo {
  const result = compileSlo(source);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

describe('compiling an SLO', () => {
  test('gives its queries, its polarity and a key with a revision', () => {
    const { sliceKey, part, warnings } = compiled(slo({ bad: '{ status = error }' }));
    expect(sliceKey).toMatch(/^checkout@[0-9a-f]{8}$/);
    expect(part.polarity).toBe('bad');
    expect(warnings).toEqual([]);
  });

  test('keeps the revision when only the spelling changes, and changes it with the meaning', () => {
    const { sliceKey } = compiled(slo({ bad: '{ status = error }' }));
    expect(compiled(slo({ total: '{kind=server}', bad: '{\n  status=error\n}' })).sliceKey).toBe(sliceKey);
    const others = [
      slo({ bad: '{ status = ok }' }), slo({ good: '{ status = error }' }), slo({ bad: '{ status = error }', weight: 'none' }),
      slo({ bad: '{ status = error }', weight: { attribute: 'n' } }), slo({ total: '{ }', bad: '{ status = error }' }),
    ];
    expect(new Set([sliceKey, ...others.map((other) => compiled(other).sliceKey)]).size).toBe(6);
  });

  test('is plain data that a worker thread can be handed', () => {
    const value = compiled(slo({ bad: '{ .a =~ "x.*" }' }));
    expect(structuredClone(value)).toEqual(value);
  });

  test('names every fault with its place in the file', () => {
    const result = compileSlo(slo({ total: '{ kind = serve }', bad: '{\n  status == error\n}' }));
    expect(result.ok ? [] : result.error.map(({ at, code, path, message, hint }) => [at.line, at.column, code, path, message, hint])).toEqual([
      [18, 41, 'sli/bad-query', 'spec.indicator.spec.ratioMetric.total.metricSource.spec.query', 'the total query is not valid TraceQL: serve is not a kind', 'did you mean server?'],
      [21, 41, 'sli/bad-query', 'spec.indicator.spec.ratioMetric.bad.metricSource.spec.query', 'the bad query is not valid TraceQL: == is not TraceQL', 'one = compares: .x = "y"'],
    ]);
  });

  test('needs to know what is bad or good', () => {
    expect(compileSlo(slo({}))).toMatchObject({ ok: false, error: [{ code: 'sli/no-part' }] });
  });

  test('warns about totals that count retries and about roots that may be missing', () => {
    expect(compiled(slo({ total: '{ kind = client && name = "x" }', bad: '{ status = error }' })).warnings.map(({ code, level }) => [code, level])).toEqual([['sli/counts-retries', 'warning']]);
    expect(compiled(slo({ bad: '{ rootName = "x" }' })).warnings.map(({ code, at }) => [code, at.line])).toEqual([['sli/root-may-be-missing', 20]]);
  });
});
