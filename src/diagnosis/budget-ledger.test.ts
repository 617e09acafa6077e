import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildSpan, spanId } from '../signature/span-builder.js';
import { budgetLedger, ledgerInWords } from './budget-ledger.js';
import { findingOf, type Finding } from './finding.js';

interface Failure {
  readonly service: string;
  readonly version?: string;
  readonly weight?: number;
  readonly region?: string;
}

function finding({ service, version = '', weight = 1, region }: Failure): Finding {
  const root = { ...buildSpan({ id: 'root', service: 'front', kind: 'server', status: 'error', ...(region === undefined ? {} : { attributes: { region } }) }), weight };
  const below = buildSpan({ id: 'below', parent: 'root', service, name: 'charge', status: 'error', ...(version === '' ? {} : { resource: { 'service.version': version } }) });
  return findingOf({ spans: [root, below], badSpanId: spanId('root') }, { usual: new Map(), peers: new Map() })!;
}

const many = (count: number, failure: Failure): Finding[] => Array.from({ length: count }, () => finding(failure));

test('charges each bad event to service, operation and version, by weight', () => {
  const ledger = budgetLedger([...many(8, { service: 'payment', version: '2.3' }), ...many(2, { service: 'payment', version: '2.2', weight: 0.5 }), finding({ service: 'stock' })], 0.02);
  expect(ledger.map(({ service, version, events, share, budget }) => [service, version, events, share, budget])).toEqual([
    ['payment', '2.3', 8, 0.8, 0.016], ['payment', '2.2', 2, 0.1, 0.002], ['stock', '', 1, 0.1, 0.002],
  ]);
  expect(ledgerInWords(ledger)).toBe('payment 2.3 charge burned 80 % of it, 1.6 % of the whole budget');
  expect(ledgerInWords(ledger.map((row) => ({ ...row, budget: 0.000_4 })))).toBe('payment 2.3 charge burned 80 % of it, less than 0.1 % of the whole budget');
});

test('adds up to the budget that was consumed, however many services, versions and groups there are to blame', () => {
  const failure = fc.record({
    service: fc.integer({ min: 0, max: 9 }).map((number) => `s${number}`), version: fc.constantFrom('', '1.0', '1.1'), region: fc.option(fc.constantFrom('eu-1', 'eu-2'), { nil: undefined }), weight: fc.integer({ min: 1, max: 1_000 }),
  });
  const groupings = fc.constantFrom<readonly string[]>([], ['span.region'], ['span.region', 'resource.service.name']);
  fc.assert(fc.property(fc.array(failure, { minLength: 1, maxLength: 60 }), fc.double({ min: 0.001, max: 3, noNaN: true }), groupings, (failures, burned, groupBy) => {
    const ledger = budgetLedger(failures.map(({ region, ...each }) => finding({ ...each, ...(region === undefined ? {} : { region }) })), burned, groupBy);
    expect(ledger.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
    expect(ledger.reduce((sum, { budget = 0 }) => sum + budget, 0)).toBeCloseTo(burned, 9);
    expect(ledger.reduce((sum, { events }) => sum + events, 0)).toBe(failures.length);
    expect(ledger.length).toBeLessThanOrEqual(7);
    const total = failures.reduce((sum, { weight }) => sum + weight, 0);
    for (const { service, version, group, share } of ledger.filter((row) => row.service !== '')) {
      const own = failures.filter((each) => each.service === service && each.version === version && (groupBy.length === 0 || group?.split(', ')[0] === `region=${each.region ?? '(none)'}`));
      expect(share).toBeCloseTo(own.reduce((sum, { weight }) => sum + weight, 0) / total, 9);
    }
  }), { numRuns: 100 });
});

test('of nothing is empty', () => {
  expect([budgetLedger([], 1), ledgerInWords([])]).toEqual([[], undefined]);
});

test('says which group an event is of, where its SLO counts by groups', () => {
  const failed = (attributes: Record<string, string>, region: string): Finding => {
    const root = buildSpan({ id: 'root', service: 'front', kind: 'server', status: 'error', attributes, resource: { 'cloud.region': region } });
    return findingOf({ spans: [root], badSpanId: spanId('root') }, { usual: new Map(), peers: new Map() })!;
  };
  const ledger = budgetLedger([failed({ tenant: 'acme' }, 'eu-1'), failed({ tenant: 'acme' }, 'eu-1'), failed({}, 'eu-2')], undefined, ['span.tenant', 'resource.cloud.region']);
  expect(ledger.map(({ group, share }) => [group, share])).toEqual([['tenant=acme, cloud.region=eu-1', 2 / 3], ['tenant=(none), cloud.region=eu-2', 1 / 3]]);
  expect(ledgerInWords(ledger)).toBe('front root (tenant=acme, cloud.region=eu-1) burned 67 % of it');
});

test('of two versions in one trace the one that went wrong is charged, in whichever order the spans were read', () => {
  const root = (status: 'error' | 'unset'): ReturnType<typeof buildSpan> => buildSpan({ id: 'root', service: 'front', kind: 'server', status, durationMs: 100 });
  const answer = (id: string, version: string, story: object): ReturnType<typeof buildSpan> => buildSpan({ id, parent: 'root', service: 'payment', name: 'charge', kind: 'server', resource: { 'service.version': version }, ...story });
  const failed = [root('error'), answer('stable', '2.2', { durationMs: 10 }), answer('canary', '2.3', { startMs: 50, status: 'error' })];
  const slow = [root('unset'), answer('stable', '2.2', { durationMs: 10 }), answer('canary', '2.3', { startMs: 20, durationMs: 80 })];
  for (const spans of [failed, failed.toReversed(), slow, slow.toReversed()]) {
    const found = findingOf({ spans, badSpanId: spanId('root') }, { usual: new Map(), peers: new Map() })!;
    expect(budgetLedger([found], undefined)).toMatchObject([{ service: 'payment', version: '2.3', share: 1 }]);
  }
});
