import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadRules } from '../config/load-rules.js';
import { shippedPresets } from '../config/fs-rules.js';
import { DAY_MS } from '../lib/duration.js';
import { formatProblem } from '../lib/problem.js';
import { bucketOf } from '../sli/latency-bucket.js';
import { compileSlo } from '../sli/compile-slo.js';
import { suggestSlos, type ObservedOperation } from './suggest-slos.js';

const ALL = { existing: new Set<string>() };

/** A week of requests to one operation; `slow` of them take a second, the others 90 ms. */
function observed(parts: Partial<ObservedOperation> & { readonly slow?: number } = {}): ObservedOperation {
  const { slow = 0, ...rest } = parts;
  const requests = rest.requests ?? 1_000_000;
  return { service: 'front', operation: 'GET /basket', kind: 'server', requests, errors: 0, historyMs: 7 * DAY_MS, buckets: [[bucketOf(90e6), requests - slow], [bucketOf(1e9), slow]], ...rest };
}

/** As `tocsin check` reads it. */
async function check(yaml: string): Promise<{ readonly problems: string[]; readonly queries: string[] }> {
  const { rules, problems } = loadRules([await shippedPresets(), { path: 'rules/front.yaml', text: yaml }]);
  const compiled = rules.slos.map(compileSlo);
  return { problems: [...problems, ...compiled.flatMap((each) => (each.ok ? each.value.warnings : each.error))].map(formatProblem), queries: rules.slos.map(({ indicator }) => indicator.total.text) };
}

describe('suggested SLOs', () => {
  test('are valid OpenSLO documents that say why', async () => {
    const [suggestion] = suggestSlos([observed({ errors: 300, slow: 2_000 })], ALL);
    expect(suggestion?.file).toBe('front.yaml');
    expect(suggestion?.slos).toEqual([
      { name: 'front-get-basket-availability', service: 'front', operation: 'GET /basket', objective: 'availability', target: 0.999, thresholdMs: undefined, reason: '300 of 1,000,000 in 7 days would have been bad (0.03 %); 5,952 requests an hour at 99.9 % allow 4,000 failures in 28 days' },
      { name: 'front-get-basket-latency', service: 'front', operation: 'GET /basket', objective: 'latency', target: 0.99, thresholdMs: 100, reason: expect.stringContaining('2,000 of 1,000,000 in 7 days would have been bad (0.2 %)') },
    ]);
    const { problems, queries } = await check(suggestion?.yaml ?? '');
    expect(problems).toEqual([]);
    expect(queries).toEqual(Array.from({ length: 2 }, () => '{ resource.service.name = "front" && kind = server && name = "GET /basket" }'));
  });

  test.each([
    [0, 1_000_000, 0.9999], [30, 1_000_000, 0.9999], [60, 1_000_000, 0.9995], [300, 1_000_000, 0.999], [6_000, 1_000_000, 0.98], [80_000, 1_000_000, undefined],
    // Few requests prove little: 500 without a failure could still fail once in 130.
    [0, 500, 0.99], [0, 200, 0.98], [0, 90, undefined],
  ])('promise what %d failures of %d requests support: %s', (errors, requests, target) => {
    expect(suggestSlos([observed({ errors, requests, slow: requests })], ALL)[0]?.slos.find(({ objective }) => objective === 'availability')?.target).toBe(target);
  });

  test('leave out what nobody promises, and what has its SLO', () => {
    const operations = ['GET /healthz', 'GET /readiness', 'other', '/metrics'].map((operation) => observed({ operation }));
    expect(suggestSlos(operations, ALL)).toEqual([]);
    expect(suggestSlos([observed()], { existing: new Set(['front-get-basket-availability']) })[0]?.slos.map(({ objective }) => objective)).toEqual(['latency']);
  });

  test('are valid whatever services and operations are called', async () => {
    const presets = await shippedPresets();
    const name = fc.oneof(fc.string({ minLength: 1, maxLength: 90, unit: 'grapheme' }), fc.constantFrom("it's \"quoted\"", '{ } # : -', '\\\n\t', '日本語', '\u2028\u0085', '${x}', '../../etc'));
    fc.assert(fc.property(name, name, (service, operation) => {
      const suggestions = suggestSlos([observed({ service, operation })], ALL);
      for (const { yaml, file, slos } of suggestions) {
        const { rules, problems } = loadRules([presets, { path: `rules/${file}`, text: yaml }]);
        expect(file).toMatch(/^[a-z0-9][a-z0-9-]*\.yaml$/);
        expect(problems.filter(({ level }) => level === 'error').map(formatProblem)).toEqual([]);
        expect(rules.slos).toHaveLength(slos.length);
        for (const slo of rules.slos) expect(compileSlo(slo).ok).toBe(true);
      }
    }), { numRuns: 60 });
  });
});
