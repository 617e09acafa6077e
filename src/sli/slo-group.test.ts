import { describe, expect, test } from 'vitest';
import type { RatioIndicator, Slo } from '../config/slo.js';
import { attributeOf } from '../trace/attribute-json.js';
import { spanBatch, type SpanDescription } from '../trace/batch-builder.js';
import { compileMatcher } from '../trace/traceql/matcher.js';
import { compileSlo, countedTotal, restrictedTo, type CompiledSlo } from './compile-slo.js';
import { createMeasurer } from './measurer.js';
import { OperationLimiter } from './operation-limiter.js';
import { groupNames, groupValueOf, readGroupKey } from './slo-group.js';

const AT = { file: 'rules/a.yaml', line: 3, column: 7 };

function sloBy(...groupBy: string[]): Slo {
  const indicator: RatioIndicator = { total: { text: '{ kind = server }', at: AT }, bad: { text: '{ status = error }', at: AT }, weight: 'auto', ...(groupBy.length === 0 ? {} : { groupBy: groupBy.map((text) => ({ text, at: AT })) }) };
  return { name: 'checkout', displayName: 'Checkout', description: '', service: 'shop', target: 0.99, windowMs: 1, indicator, policy: { name: 'p', tiers: [], evidence: { enabled: true, burn: 2, significance: 0.001 } }, labels: {}, at: AT };
}

function compiled(slo: Slo): CompiledSlo {
  const result = compileSlo(slo);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

function request(region: string | undefined, status: 'error' | 'ok' = 'ok'): SpanDescription {
  return { kind: 'server', status, ...(region === undefined ? {} : { attributes: { region } }) };
}

describe('groups of an SLO', () => {
  test('are counted apart beside the whole, and spans without the attribute are a group', () => {
    const slo = compiled(sloBy('region'));
    const batch = spanBatch([request('eu'), request('eu', 'error'), request('us'), request(undefined)]);
    const { sloSlices } = createMeasurer([slo]).measure(batch, 1);
    const counts = sloSlices.map(({ sliceKey, good, bad }) => [readGroupKey(sliceKey).group?.text ?? 'whole', good, bad]);
    expect(counts.sort()).toEqual([['region=(none)', 1, 0], ['region=eu', 1, 1], ['region=us', 1, 0], ['whole', 3, 1]]);
    expect(new Set(sloSlices.map(({ sliceKey }) => readGroupKey(sliceKey).sliceKey))).toEqual(new Set([slo.sliceKey]));
  });

  test('beyond the limit are "other", and those that are known stay known over changes of the rules', () => {
    const slo = compiled(sloBy('region'));
    const groups = new OperationLimiter(2);
    const measure = (...regions: string[]): string[] => createMeasurer([slo], { groups }).measure(spanBatch(regions.map((region) => request(region))), 1).sloSlices
      .flatMap(({ sliceKey }) => readGroupKey(sliceKey).group?.text ?? []).sort();
    expect(measure('a', 'b', 'c', 'd', 'a')).toEqual(['other', 'region=a', 'region=b']);
    expect(measure('d', 'b')).toEqual(['other', 'region=b']);
    // Groups by something else have places of their own.
    const byService = createMeasurer([compiled(sloBy('resource.service.name'))], { groups }).measure(spanBatch([request('a')]), 1).sloSlices;
    expect(byService.filter(({ sliceKey }) => readGroupKey(sliceKey).group?.values !== undefined).length).toBe(1);
  });

  test('may be made by several attributes', () => {
    const { sloSlices } = createMeasurer([compiled(sloBy('span.region', 'resource.service.name'))]).measure(spanBatch([request('eu')]), 1);
    const { group } = readGroupKey(sloSlices.find(({ sliceKey }) => sliceKey.includes(' '))?.sliceKey ?? '');
    expect(Object.keys(group?.values ?? {})).toEqual(['span.region', 'resource.service.name']);
    expect(group?.values?.['span.region']).toBe('eu');
  });

  test('belong to no revision of the SLO, however they are spelled', () => {
    expect(compiled(sloBy('region')).sliceKey).toBe(compiled(sloBy()).sliceKey);
    expect(groupNames(['region', '.region', 'span."odd name"'])).toEqual(['region', 'region', 'span.odd name']);
  });

  test('are found again among stored spans by a condition', () => {
    const slo = compiled(sloBy('region'));
    const batch = spanBatch([request('eu'), request('us'), request(undefined)]);
    const { sloSlices } = createMeasurer([slo]).measure(batch, 1);
    for (const { sliceKey, events } of sloSlices) {
      const { group } = readGroupKey(sliceKey);
      const matches = compileMatcher((group === undefined ? slo : restrictedTo(slo, group)).total);
      expect([0, 1, 2].filter((row) => matches(batch, row)).length).toBe(events);
    }
  });

  test.each(['event.x', 'parent.region', 'duration x', 'span.'])('"%s" is no attribute of a span', (text) => {
    const result = compileSlo(sloBy(text));
    expect(result.ok ? [] : result.error.map(({ code, at }) => [code, at])).toEqual([['sli/bad-group', AT]]);
  });

  test('values are texts, numbers and booleans, and never without end', () => {
    expect([attributeOf('a', 'x'.repeat(500)), attributeOf('a', 3n), attributeOf('a', true), attributeOf('a', ['x', 1n])].map(({ value }) => groupValueOf(value))).toEqual(['x'.repeat(128), 3, true, '["x",1]']);
    expect([groupValueOf(null), groupValueOf(undefined)]).toEqual([null, null]);
  });
});

describe('SLOs of whole traces', () => {
  const journeyOf = (bad: string, isTrace = true): Slo => ({ ...sloBy(), indicator: { ...sloBy().indicator, bad: { text: bad, at: AT }, ...(isTrace ? { unit: 'trace' } : {}) } });

  test('may ask the whole language, and begin anew when it asks something else', () => {
    const { journey, sliceKey } = compiled(journeyOf('{ name = "a" } >> { status = error }'));
    expect(journey?.type).toBe('operation');
    expect(compiled(journeyOf('{name="a"}>>{status=error}')).sliceKey).toBe(sliceKey);
    expect(compiled(journeyOf('{ name = "a" } > { status = error }')).sliceKey).not.toBe(sliceKey);
    expect(compiled(journeyOf('{ status = error }')).sliceKey).not.toBe(compiled(journeyOf('{ status = error }', false)).sliceKey);
  });

  test.each(['{ status = error } | rate()', '{ status = ', '{ name = "a" } >>'])('"%s" finds nothing in a trace', (text) => {
    const result = compileSlo(journeyOf(text));
    expect(result.ok ? [] : result.error.map(({ code, at }) => [code, at.file, at.line])).toEqual([['sli/bad-query', AT.file, AT.line]]);
  });

  test('leave entries behind instead of counts', () => {
    const { sloSlices, journeys } = createMeasurer([compiled(journeyOf('{ status = error }'))]).measure(spanBatch([request('eu', 'error'), { kind: 'client' }]), 1);
    expect(sloSlices).toEqual([]);
    expect(journeys).toMatchObject([{ weight: 1, weightUnknown: false, groupKey: '' }]);
  });
});

describe('events that are excluded', () => {
  const health = { name: 'health', by: 'ann', reason: 'no user', match: { text: '{ span.region = "probe" }', at: AT } };

  test('are counted apart, and for no group, while the exclusion lasts', () => {
    const spans = [request('eu'), request('probe', 'error'), request('probe')];
    const count = (window: { fromMs: number | undefined; toMs: number | undefined }): unknown => createMeasurer([compiled({ ...sloBy('region'), excludedEvents: [{ ...health, ...window }] })]).measure(spanBatch(spans), 1).sloSlices
      .map(({ sliceKey, good, bad }) => `${sliceKey.slice(sliceKey.indexOf('@') + 9)}: ${good} ${bad}`).sort();
    const endMs = spanBatch(spans).endMs[0] ?? 0;
    expect(count({ fromMs: undefined, toMs: undefined })).toEqual([' -health: 1 1', ' {".region":"eu"}: 1 0', ': 1 0']);
    expect(count({ fromMs: endMs, toMs: endMs + 1 })).toEqual([' -health: 1 1', ' {".region":"eu"}: 1 0', ': 1 0']);
    expect(count({ fromMs: endMs + 1, toMs: undefined })).toEqual([' {".region":"eu"}: 1 0', ' {".region":"probe"}: 1 1', ': 2 1']);
    expect(count({ fromMs: undefined, toMs: endMs })).toEqual([' {".region":"eu"}: 1 0', ' {".region":"probe"}: 1 1', ': 2 1']);
  });

  test('are not among the events that stored spans are asked for', () => {
    const slo = compiled({ ...sloBy(), excludedEvents: [{ ...health, fromMs: undefined, toMs: undefined }] });
    const matches = compileMatcher(countedTotal(slo));
    expect([0, 1, 2].filter((row) => matches(spanBatch([request('eu'), request('probe'), request(undefined)]), row))).toEqual([0, 2]);
    expect(slo.sliceKey).toBe(compiled(sloBy()).sliceKey);
  });
});
