import { expect, test } from 'vitest';
import { DAY_MS } from '../lib/duration.js';
import { buildSpan } from './span-builder.js';
import { occurrencesOf, type Occurrence } from './occurrences.js';
import { decided, mergeCandidates, mostFirst, stateOf, withOccurrences, type LifeContext } from './signature-life.js';
import { MAX_AFFECTED, type TrackedSignature } from './tracked-signature.js';

const NOW = 20 * DAY_MS;
const context: LifeContext = { trackingSinceMs: 0, nowMs: NOW, earlier: [], familySeenMs: 0 };
const failed = (atMs: number): Occurrence => occurrencesOf({ spans: [buildSpan({ id: 'charge', kind: 'server', status: 'error', startMs: atMs - 10 })] })[0]!;
const known = (atMs: number): TrackedSignature => withOccurrences(undefined, [failed(atMs)], context);

test.each<[string, number, readonly number[], string]>([
  ['failed before it was resolved and was read after that', NOW - 5_000, [-20_000, -10_000], 'resolved'],
  ['failed after it', NOW - 5_000, [-1_000], 'regressed'],
  ['failed before and after it, and all of that is read at once', NOW - 5_000, [-10_000, -1_000], 'regressed'],
])('what %s is that', (_name, resolvedAtMs, agoMs, state) => {
  const resolved = decided(known(NOW - DAY_MS), 'resolved', { by: 'ann', nowMs: resolvedAtMs });
  expect(stateOf(withOccurrences(resolved, agoMs.map((ms) => failed(NOW + ms)), context), NOW)).toBe(state);
});

test('what was quiet for a week has come back, unless what is counted as one with it went on', () => {
  const quiet = known(NOW - 8 * DAY_MS);
  expect(stateOf(withOccurrences(quiet, [failed(NOW)], context), NOW)).toBe('regressed');
  expect(stateOf(withOccurrences(quiet, [failed(NOW)], { ...context, familySeenMs: NOW - DAY_MS }), NOW)).toBe('ongoing');
});

test('a tenant that comes late and fails most is found among any number of others, and counted right to within the fiftieth part of all', () => {
  const of = (tenant: string): Occurrence => ({ ...failed(NOW), tenant });
  const others = Array.from({ length: 1_000 }, (_, index) => of(`t${index % 100}`));
  let signature = withOccurrences(undefined, others, context);
  for (let reading = 0; reading < 400; reading += 1) signature = withOccurrences(signature, [of('late'), of('late'), of('late'), of(`t${reading % 100}`)], context);
  const [most, ...rest] = mostFirst(Object.entries(signature.tenants));
  expect([most?.[0], rest.length, signature.total]).toEqual(['late', MAX_AFFECTED - 1, 2_600]);
  expect(most?.[1]).toBeGreaterThanOrEqual(1_200);
  expect(most?.[1]).toBeLessThanOrEqual(1_200 + 2_600 / MAX_AFFECTED);
});

test('failures of one type and service with half of their words at the same places may be one, the most alike first', () => {
  const of = (id: string, message: string, changes: Partial<TrackedSignature> = {}): TrackedSignature => ({ ...known(NOW), id, type: 'Declined', message, ...changes });
  const own = of('own', 'card <int> was declined by bank');
  const all = [
    own, of('half', 'card <int> was lost or stolen'), of('near', 'card <int> was declined by issuer'), of('less', 'card number is wrong since yesterday'), of('type', own.message, { type: 'Lost' }), of('service', own.message, { service: 'front' }),
    of('linked', own.message, { laterIds: ['v9:1'] }), of('merged', own.message, { decision: { kind: 'merged', by: 'ann', atMs: NOW, into: 'near' } }), of('moved', `so ${own.message}`),
  ];
  expect(mergeCandidates(own, all).map(({ id }) => id)).toEqual(['near', 'half']);
  expect(mergeCandidates(own, all.toReversed()).map(({ id }) => id)).toEqual(['near', 'half']);
});
