import { beforeEach, describe, expect, test } from 'vitest';
import { CoverageIndex } from '../budget/coverage-index.js';
import { SliceIndex } from '../budget/slice-index.js';
import type { DrillRule } from '../config/drill.js';
import { MemoryIncidentTable } from '../incident/memory-incident-table.js';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../lib/duration.js';
import type { IncidentId } from '../lib/ids.js';
import type { DecisionRecord } from '../notify/decision-reader.js';
import type { DeliveryResult } from '../notify/delivery.js';
import { outcomeOf, type DrillStatus } from '../notify/drill.js';
import { MemoryOutbox } from '../notify/memory-outbox.js';
import { settlementOf } from '../notify/retry-policy.js';
import { routingOf } from '../notify/sample-routing.js';
import { Engine } from './engine.js';
import { MemoryEvaluationStore } from './memory-evaluation-store.js';

const T0 = Date.UTC(2026, 10, 20, 3, 0, 0);
const ROUTING = routingOf(`
route: { receiver: team, group_by: [incident], group_wait: 30s }
receivers:
  - { name: team, webhook_configs: [{ url: 'http://127.0.0.1:9/team' }] }
  - { name: pager, pagerduty_configs: [{ routing_key_file: k }], webhook_configs: [{ url: 'http://127.0.0.1:9/pager', send_resolved: false }] }
`);
const AT = { file: 'rules/drills.yaml', line: 3, column: 1 };
const RULE: DrillRule = { name: 'hourly', receivers: ['pager'], schedule: { everyMs: HOUR_MS }, withinMs: 30 * SECOND_MS, target: 0.9, tell: ['team'], severity: 'ticket', at: AT };
const TAKEN: DeliveryResult = { kind: 'delivered', receipt: {} };
const AWAY: DeliveryResult = { kind: 'retryable', reason: 'HTTP 503', retryAfterMs: undefined };
const GONE: DeliveryResult = { kind: 'rejected', reason: 'HTTP 410' };

/** What each integration answers: `pager pagerduty[0]`. */
let answers: Map<string, DeliveryResult>;
let rules: readonly DrillRule[];
let incidents: MemoryIncidentTable;
let outbox: MemoryOutbox;
let store: MemoryEvaluationStore;
let engine: Engine;
let heard: string[];
let settled: Map<string, number>;

beforeEach(() => {
  [answers, rules, heard, settled] = [new Map(), [RULE], [], new Map()];
  incidents = new MemoryIncidentTable();
  outbox = new MemoryOutbox();
  store = new MemoryEvaluationStore(incidents, outbox);
  restart();
});

function restart(): void {
  const none = (): undefined => undefined;
  engine = new Engine({ store, gatherEvidence: () => Promise.resolve(undefined), routing: () => ROUTING, wakeDispatcher: none, requestEarlyTick: none, drills: { rules: () => rules, decisionsOf } }, { slices: new SliceIndex(), coverage: new CoverageIndex() });
}

/** As DuckdbDecisionReader joins them. */
async function decisionsOf(id: IncidentId): Promise<readonly DecisionRecord[]> {
  const deliveries = new Map((await outbox.ofIncident(id)).map((delivery) => [delivery.id, delivery]));
  return store.decisions.filter(({ incidentId }) => incidentId === id).map((decision) => {
    const delivery = decision.deliveryId === undefined ? undefined : deliveries.get(decision.deliveryId);
    return { ...decision, delivery: delivery === undefined ? undefined : { status: delivery.status, attempts: delivery.attempts, lastError: delivery.lastError, settledAtMs: settled.get(delivery.id) } };
  });
}

/** One tick, then what waits is sent; it takes a second. */
async function tick(atMs: number): Promise<void> {
  await engine.tick(T0 + atMs);
  const nowMs = T0 + atMs + SECOND_MS;
  for (const claimed of await outbox.claim({ nowMs, leaseMs: MINUTE_MS, perIntegration: 10, limit: 100 })) {
    const { delivery } = claimed;
    const result = answers.get(`${delivery.receiver} ${delivery.integration}`) ?? TAKEN;
    await outbox.settle(settlementOf(claimed, result, { nowMs, random: 0.5 }));
    if (result.kind === 'retryable') continue;
    settled.set(delivery.id, nowMs);
    if (result.kind === 'delivered') heard.push(`${String(atMs / MINUTE_MS)} ${delivery.receiver} ${delivery.integration} ${delivery.transition.kind} ${delivery.group.alerts[0]?.labels['alertname'] ?? ''}`);
  }
}

async function ticks(fromMs: number, toMs: number): Promise<void> {
  for (let atMs = fromMs; atMs <= toMs; atMs += MINUTE_MS) await tick(atMs);
}

async function status(atMs: number): Promise<DrillStatus> {
  const [first] = await engine.drillStatuses(T0 + atMs);
  if (first === undefined) throw new Error('no drill');
  return first;
}

describe('a drill', () => {
  test('goes the whole way at once, is ended, and comes again when it is due', async () => {
    await ticks(0, 61 * MINUTE_MS);
    expect(heard).toEqual([
      '0 pager webhook[0] opened TocsinDrill', '0 pager pagerduty[0] opened TocsinDrill', '1 pager pagerduty[0] resolved TocsinDrill',
      '60 pager webhook[0] opened TocsinDrill', '60 pager pagerduty[0] opened TocsinDrill', '61 pager pagerduty[0] resolved TocsinDrill',
    ]);
    const { last, ...rest } = await status(61 * MINUTE_MS);
    expect(rest).toEqual({ drill: 'hourly', receiver: 'pager', withinMs: 30_000, target: 0.9, nextAtMs: T0 + 2 * HOUR_MS, runs: 2, inTime: 2, sli: 1, budgetRemaining: 1 });
    expect(last).toMatchObject({ by: 'tocsin', startedAtMs: T0 + HOUR_MS, endedAtMs: T0 + 61 * MINUTE_MS, results: [{ integration: 'webhook[0]', deliveredAtMs: T0 + HOUR_MS + SECOND_MS }, { integration: 'pagerduty[0]', outcome: 'in-time' }] });
  });

  test('is no incident: nowhere stored among them, shown to no reader, and its dead letters are not kept for anybody', async () => {
    answers.set('pager pagerduty[0]', GONE);
    await ticks(0, 2 * MINUTE_MS);
    expect((await incidents.list({ limit: 10 })).map(({ key }) => key)).toEqual(['drill:["hourly","pager"]']);
    expect([...(await engine.picture(T0 + 2 * MINUTE_MS)).view.alerts.values()].map(({ alert }) => alert.labels['alertname'])).toEqual(['DrillFailed']);
    expect(await outbox.rejected(10)).toEqual([]);
  });

  test('whose receiver refuses it is told to another one, until a drill arrives', async () => {
    answers.set('pager pagerduty[0]', GONE);
    await ticks(0, 2 * MINUTE_MS);
    expect(heard).toEqual(['0 pager webhook[0] opened TocsinDrill', '1 team webhook[0] opened DrillFailed']);
    const [failed] = incidents.open();
    expect(failed?.alerts).toMatchObject([{ labels: { drill: 'hourly', receiver: 'pager', severity: 'ticket' }, annotations: { summary: 'in the drill of 2026-11-20 03:00:00 UTC pagerduty[0] did not get it: HTTP 410' } }]);
    answers.clear();
    await ticks(3 * MINUTE_MS, 70 * MINUTE_MS);
    expect(heard.slice(2)).toEqual(['60 pager webhook[0] opened TocsinDrill', '60 pager pagerduty[0] opened TocsinDrill', '61 pager pagerduty[0] resolved TocsinDrill', '66 team webhook[0] resolved DrillFailed']);
    expect(await status(70 * MINUTE_MS)).toMatchObject({ runs: 2, inTime: 1, sli: 0.5, budgetRemaining: expect.closeTo(-4) as number });
  });

  test('that cannot be delivered has failed after five minutes, is still tried, and not begun anew meanwhile', async () => {
    answers.set('pager webhook[0]', AWAY);
    await ticks(0, 4 * MINUTE_MS);
    expect(await status(4 * MINUTE_MS)).toMatchObject({ nextAtMs: undefined, last: { endedAtMs: undefined, results: [{ outcome: 'waiting' }, { outcome: 'in-time' }] } });
    await ticks(5 * MINUTE_MS, 90 * MINUTE_MS);
    const away = await status(90 * MINUTE_MS);
    expect(away.last).toMatchObject({ startedAtMs: T0, results: [{ outcome: 'failed', isFinal: false, reason: 'HTTP 503' }, { outcome: 'in-time' }] });
    expect(heard).toEqual(['0 pager pagerduty[0] opened TocsinDrill', '5 team webhook[0] opened DrillFailed']);
    answers.clear();
    await ticks(91 * MINUTE_MS, 105 * MINUTE_MS);
    // It arrived, an hour and a half late; the next one is overdue and follows at once, in time.
    expect(heard.slice(2, 4)).toEqual([expect.stringMatching(/^9\d pager webhook\[0\] opened TocsinDrill$/), expect.stringMatching(/^9\d pager pagerduty\[0\] resolved TocsinDrill$/)]);
    expect(heard.at(-1)).toMatch(/team webhook\[0\] resolved DrillFailed/);
    expect(await status(105 * MINUTE_MS)).toMatchObject({ runs: 2, inTime: 1 });
  });

  test('that a silence holds back says nothing of the receiver', async () => {
    const matchers = [{ name: 'alertname', value: 'TocsinDrill', isRegex: false, isEqual: true }];
    await engine.setSilence({ matchers, endsAtMs: T0 + HOUR_MS, createdBy: 'ann', comment: 'moving house' }, T0);
    await ticks(0, 3 * MINUTE_MS);
    expect(heard).toEqual([]);
    expect(await status(3 * MINUTE_MS)).toMatchObject({ runs: 0, sli: undefined, last: { endedAtMs: T0 + MINUTE_MS, results: [{ outcome: 'held', reason: expect.stringContaining('moving house') as string }, { outcome: 'held' }] } });
  });

  test('goes on after a restart where it was', async () => {
    await tick(0);
    restart();
    await ticks(MINUTE_MS, 3 * MINUTE_MS);
    expect(heard).toHaveLength(3);
    expect(outcomeOf((await status(3 * MINUTE_MS)).last!)).toBe('in-time');
  });

  test('by the clock on the wall waits for its time, and catches up with what a stop missed', async () => {
    rules = [{ ...RULE, schedule: { cron: '0 4 * * *', timeZone: 'UTC' } }];
    await ticks(0, 61 * MINUTE_MS);
    expect(heard[0]).toBe('60 pager webhook[0] opened TocsinDrill');
    restart();
    heard = [];
    await ticks(DAY_MS + 80 * MINUTE_MS, DAY_MS + 81 * MINUTE_MS);
    expect(heard).toHaveLength(3);
  });

  test('that comes late uses up the budget, and only then alerts', async () => {
    rules = [{ ...RULE, withinMs: 500, target: 0.5 }];
    await ticks(0, 2 * MINUTE_MS);
    expect(await status(2 * MINUTE_MS)).toMatchObject({ last: { results: [{ outcome: 'late' }, { outcome: 'late' }] }, budgetRemaining: -1 });
    expect(heard.at(-1)).toBe('1 team webhook[0] opened DrillFailed');
    rules = [{ ...RULE, withinMs: 2_000, target: 0.5 }];
    await ticks(HOUR_MS, HOUR_MS + 7 * MINUTE_MS);
    expect(heard.at(-1)).toMatch(/^6\d team webhook\[0\] resolved DrillFailed$/);
    rules = [{ ...RULE, withinMs: 500, target: 0.1 }];
    await ticks(2 * HOUR_MS, 2 * HOUR_MS + 2 * MINUTE_MS);
    expect(heard.filter((line) => line.includes('DrillFailed'))).toHaveLength(2);
  });

  test('that is taken out of the rules takes its alert along', async () => {
    answers.set('pager pagerduty[0]', GONE);
    await ticks(0, 2 * MINUTE_MS);
    rules = [];
    await ticks(3 * MINUTE_MS, 4 * MINUTE_MS);
    expect(incidents.open()).toEqual([]);
  });

  test('counts for thirty days', async () => {
    await ticks(0, MINUTE_MS);
    rules = [{ ...RULE, schedule: { everyMs: 29 * DAY_MS } }];
    await ticks(29 * DAY_MS, 29 * DAY_MS + MINUTE_MS);
    expect(await status(29 * DAY_MS + MINUTE_MS)).toMatchObject({ runs: 2 });
    await ticks(31 * DAY_MS, 31 * DAY_MS + MINUTE_MS);
    expect((await store.loadMemory()).drills).toHaveLength(1);
  });
});

describe('by hand', () => {
  test('it begins now, and not while one is under way', async () => {
    rules = [{ ...RULE, schedule: { cron: '0 4 * * *', timeZone: 'UTC' } }];
    const started = await engine.drill({ receivers: ['pager'], by: 'ann' }, T0);
    expect(started).toMatchObject({ ok: true, value: [{ by: 'ann', receiver: 'pager' }] });
    expect(await engine.drill({ receivers: undefined, by: 'bob' }, T0)).toMatchObject({ ok: false, error: { kind: 'under-way' } });
    await tick(SECOND_MS);
    await ticks(MINUTE_MS, 3 * MINUTE_MS);
    expect(heard).toHaveLength(3);
  });

  test('it needs a rule', async () => {
    expect(await engine.drill({ receivers: ['team'], by: 'ann' }, T0)).toMatchObject({ ok: false, error: { kind: 'not-found', message: expect.stringContaining('"team"') as string } });
    rules = [];
    expect(await engine.drill({ receivers: undefined, by: 'ann' }, T0)).toMatchObject({ ok: false, error: { kind: 'not-found' } });
  });
});
