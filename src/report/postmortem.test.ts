import { afterAll, expect, test } from 'vitest';
import { buildSlo } from '../budget/slo-builder.js';
import type { Evidence } from '../diagnosis/evidence.js';
import { DuckdbIncidentReader } from '../incident/duckdb-incident-reader.js';
import type { Incident } from '../incident/incident.js';
import { acknowledge, resolve } from '../incident/person-actions.js';
import { sampleIncident, sampleReading, SAMPLE_START_MS as T0 } from '../incident/sample-incident.js';
import { MINUTE_MS } from '../lib/duration.js';
import { DuckdbEvaluationStore } from '../pipeline/duckdb-evaluation-store.js';
import type { Change } from '../query/change.js';
import type { SloHistoryPoint } from '../query/slo-history.js';
import { openDatabase } from '../store/duckdb-database.js';
import { postmortemMarkdown, type PostmortemInput } from './postmortem.js';

const point = (minutes: number, bad: number, budgetRemaining: number): SloHistoryPoint => ({ atMs: T0 + minutes * MINUTE_MS, good: 900, bad, errorRatio: undefined, window: { good: 0, bad: 0 }, budgetRemaining, burnRates: [] });
const change = (title: string, service: string | undefined): Change => ({ id: title, atMs: T0 - 10 * MINUTE_MS, kind: 'deployment', service, version: '4.2', title, by: 'ci', url: undefined });
const ended = (): Incident => {
  const taken = acknowledge(sampleIncident(), 'ann', T0 + 3 * MINUTE_MS).incidents[0]!;
  return resolve(taken, 'ann', T0 + 40 * MINUTE_MS).incidents[0]!;
};
const draft = (changes: Partial<PostmortemInput> = {}): string => postmortemMarkdown({
  incident: ended(), slos: [{ slo: buildSlo({ name: 'checkout-availability', displayName: 'Checkout works' }), points: [point(0, 0, 0.9), point(20, 60, 0.7), point(40, 40, 0.65)] }],
  changes: [change('new pool', 'checkout'), change('other team', 'mail')], nowMs: T0 + 60 * MINUTE_MS, publicUrl: 'https://tocsin.example', ...changes,
});

test('what is stored is filled in: impact in budget minutes, times, cause, traces, changes, timeline', () => {
  const text = draft();
  // 25 % of the budget of 99.9 % over 30 days, which is 43.2 minutes.
  expect(text).toContain('| Checkout works | 100 | 3.57 % | 90 % → 65 % | 10.8 of 43.2 (30d) |');
  expect(text).toContain('- Detected: 2026-11-20 03:04:05 UTC, 3 min after it');
  expect(text).toContain('- Taken over: 2026-11-20 03:07:05 UTC by ann, 3 min after it was detected');
  expect(text).toContain('- Over: 2026-11-20 03:44:05 UTC, after 40 min');
  expect(text).toContain('- Signature: `PaymentDeclined: card <uuid> declined by <host>` in payment POST /charge, 41 of 57 looked at');
  expect(text).toContain(`- [aaaaaaaa](https://tocsin.example/traces/${'a'.repeat(32)}?span=${'a'.repeat(16)}): Most common failure: 41 of 57 failed like this`);
  expect(text).toContain('deployment of checkout 4.2: new pool (ci)');
  expect(text).not.toContain('other team');
  expect(text).toMatch(/## Timeline\n\n- .* tocsin: Page opened.*\n- .* ann: ann has it/);
});

test('the budget of a young service is the projected one, also where its window was still empty when the incident began', () => {
  const at = (minutes: number, good: number, bad: number): SloHistoryPoint => ({ ...point(minutes, bad, 0), window: { good, bad }, budgetRemaining: good + bad === 0 ? undefined : 1 - bad / (good + bad) / 0.01 });
  // An hour of a window of thirty days, which would allow 720 times the 60 bad events of its 6,000.
  const reading = sampleReading({ young: true, events: 6_000, errorBudgetRemaining: -4, projectedBudgetRemaining: 1 - 5 / 720 });
  const slo = buildSlo({ target: 0.99, displayName: 'Checkout works' });
  expect(draft({ slos: [{ slo, points: [at(0, 0, 0), at(60, 5_700, 300)], reading }] })).toContain('| projected 100 % → 99.31 % | 3.0 of 432.0 (30d) |');
  expect(draft({ slos: [{ slo, points: [at(0, 0, 0), at(60, 5_700, 300)] }] })).toContain('| not known | not known |');
});

test('it says what nobody knows, instead of leaving it out', () => {
  const text = draft({ incident: sampleIncident({ evidence: undefined }), slos: [], changes: [] });
  for (const words of ['its budget cannot be told', 'First bad event that is stored: not known', 'Taken over: by nobody', 'Over: not yet, after 60 min', 'The traces do not say.', 'None are stored.', 'None were recorded']) expect(text).toContain(words);
  expect(draft({ slos: [{ slo: buildSlo(), points: [] }] })).toContain('| 0 | no events | not known | not known |');
});

test('the questions to the tracing name services without spans, unknown sampling and missing data', () => {
  const { evidence, alerts: [alert] } = sampleIncident();
  const origins = [{ service: 'postgresql', operation: 'SELECT', caller: 'payment', kind: 'failed' as const, key: 'v1:a', count: 3 }];
  const incident = sampleIncident({ evidence: { ...evidence!, origins }, alerts: [{ ...alert!, reading: { ...alert!.reading!, unknownWeightShare: 0.2, coverage: 0.75 } }] });
  const text = draft({ incident });
  expect(text).toContain('No spans of its own came from postgresql (called by payment).');
  expect(text).toContain('20 % of the events came sampled, at a rate that they do not say. Data is missing for 25 % of the window.');
  expect(draft()).toContain('All events said what they stand for. No data is missing.');
});

test('text of spans stays text', () => {
  const text = draft({ incident: sampleIncident({ title: '[click](http://evil) | <img src=x> `x`\n# Fake' }) });
  expect(text.split('\n')[0]).toBe('# Postmortem: \\[click\\](http://evil) \\| \\<img src=x\\> \\`x\\` \\# Fake');
});

const closing: (() => unknown)[] = [];
afterAll(() => Promise.all(closing.map((close) => close())));

/** The database has the incident and nothing else: spans, minutes, edges and recorded changes are past their retention. */
test('after retention has passed the postmortem has all evidence of the page', async () => {
  const database = await openDatabase(':memory:');
  closing.push(() => database.close());
  const region = { service: '', attribute: 'region', value: 'eu-2' };
  const evidence: Evidence = {
    ...ended().evidence!, ledger: [{ service: 'payment', operation: 'POST /charge', version: '2.3', events: 46, share: 0.81, budget: 0.016 }],
    comparison: [{ items: [region], badShare: 0.92, healthyShare: 0.03, support: 52, lift: 30, effect: { difference: 0.89, low: 0.8, high: 0.93 }, pValue: 1e-9, qValue: 1e-8, same: 0, words: '92 % of 57 failures have region=eu-2 (3 % of 60 healthy requests)' }],
    snapshot: {
      onset: { minute: T0 / MINUTE_MS - 2, earliest: T0 / MINUTE_MS - 2, latest: T0 / MINUTE_MS - 2, before: 0.001, after: 0.34 },
      changes: [{ kind: 'deployment', atMs: T0 - 6 * MINUTE_MS, service: 'payment', version: '2.3', previous: '2.2', title: 'new bank', by: 'ci', beforeMs: 4 * MINUTE_MS }],
      minutes: { from: 0, good: [9], bad: [1] }, graph: [{ client: 'checkout', server: 'payment', kind: 'call', calls: 330, failed: 165, meanNs: 15e6 }],
    },
  };
  await new DuckdbEvaluationStore(database).save({ incidents: [{ ...ended(), evidence }], deliveries: [] });
  const incident = await new DuckdbIncidentReader(database).byId(ended().id);
  const text = draft({ incident: incident!, slos: [], changes: [], nowMs: T0 + 90 * 24 * 60 * MINUTE_MS });
  for (const part of [
    '- In common: 92 % of 57 failures have region=eu-2 (3 % of 60 healthy requests)', '- Budget: payment 2.3 POST /charge burned 81 % of it, 1.6 % of the whole budget', '- Began ', 'when bad requests rose from 0.1 % to 34 %',
    'payment 2.3 deployed 4 min before it began: new bank (by ci)', '| checkout | payment | 330 | 50 % | 15 ms |', ...['a', 'b', 'c', 'd'].map((digit) => `/traces/${digit.repeat(32)}?span=`),
  ]) expect(text).toContain(part);
  expect(incident?.evidence?.snapshot?.minutes).toEqual({ from: 0, good: [9], bad: [1] });
});
