import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requests, tracesJson, type WrittenSpan } from '../../test/support/otlp-json.js';
import { availability, compiled, FAST_PAGE } from '../../test/support/timeline-rules.js';
import { CoverageIndex } from '../budget/coverage-index.js';
import { SliceIndex } from '../budget/slice-index.js';
import type { Slo } from '../config/slo.js';
import type { Transition } from '../incident/incident.js';
import { MemoryIncidentTable } from '../incident/memory-incident-table.js';
import { FakeClock } from '../lib/clock.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { MemoryOutbox } from '../notify/memory-outbox.js';
import { routingOf } from '../notify/sample-routing.js';
import { DuckdbUptime } from '../store/duckdb-uptime.js';
import { backtest, type BacktestResult } from './backtest.js';
import { DuckdbReplayHistory } from './duckdb-replay-history.js';
import { Engine } from './engine.js';
import { MemoryEvaluationStore } from './memory-evaluation-store.js';
import { openStore, type SystemStore } from './system-store.js';

const START = Date.UTC(2026, 10, 20, 8);
const HOURS = 5;
const END = START + HOURS * HOUR_MS;
const at = { file: 'rules/test.yaml', line: 1, column: 1 };
const SLO = availability('checkout', { windowMs: 7 * DAY_MS });
/** The same promise, but slow requests are bad too: a query that was never counted. There are no slow ones, so it must find the same. */
const CHANGED: Slo = { ...SLO, indicator: { ...SLO.indicator, bad: { text: '{ status = error || duration > 1h }', at } } };
const STRICTER: Slo = { ...SLO, target: 0.99, policy: { ...FAST_PAGE, tiers: [{ severity: 'page', longMs: HOUR_MS, shortMs: 5 * MINUTE_MS, factor: 50 }] } };

/** A day in Tocsin's life with its own engine: requests every minute, an outage, and one whose spans arrive twenty minutes late. */
const ROUTING = routingOf('route: { receiver: team, group_by: [incident], group_wait: 0s }\nreceivers: [{ name: team, slack_configs: [{ channel: a }] }]\n');

class LiveService {
  readonly clock = new FakeClock(START);
  readonly transitions: Transition[] = [];
  #store: SystemStore | undefined;
  #id = 1;

  get store(): SystemStore {
    if (this.#store === undefined) throw new Error('not started');
    return this.#store;
  }

  async live(): Promise<void> {
    const [compiledSlo] = compiled([SLO]);
    const slices = new SliceIndex();
    const store = new MemoryEvaluationStore(new MemoryIncidentTable(), new MemoryOutbox());
    const engine: Engine = new Engine({
      store: {
        loadMemory: () => store.loadMemory(),
        save: (changes) => {
          this.transitions.push(...changes.deliveries.map(({ transition }) => transition));
          return store.save(changes);
        },
      },
      routing: () => ROUTING,
      gatherEvidence: () => Promise.resolve(undefined),
      wakeDispatcher: () => undefined, requestEarlyTick: () => undefined,
    }, { slices, coverage: new CoverageIndex() });
    engine.useRules([compiledSlo!]);
    this.#store = await openStore({ dataDir: ':memory:', clock: this.clock, slos: [compiledSlo!], group: { maxWaitMs: 1, maxRows: 100_000 }, events: { onCommit: (news) => engine.committed(news, this.clock.nowMs()) } });
    const uptime = new DuckdbUptime(this.store);
    for (let minute = 0; minute < HOURS * 60; minute += 1) {
      for (const second of [5, 35]) {
        this.clock.set(START + minute * MINUTE_MS + second * 1_000);
        if (second === 5) await this.#send(minute);
        await engine.tick(this.clock.nowMs());
      }
      await uptime.record(Math.floor(this.clock.nowMs() / MINUTE_MS));
    }
  }

  async #send(minute: number): Promise<void> {
    const nowMs = this.clock.nowMs();
    const outage = minute >= 60 && minute < 75;
    const spans: WrittenSpan[] = requests(this.#take(100), 100, { endMs: nowMs - 2_000, ...(outage ? { failEvery: 4 } : {}) });
    // A sender that was cut off delivers its failures late.
    if (minute === 200) spans.push(...requests(this.#take(400), 400, { endMs: nowMs - 20 * MINUTE_MS, failEvery: 1 }), ...requests(this.#take(60), 60, { endMs: nowMs - 1_000, failEvery: 1 }));
    await this.store.absorb({ signal: 'traces', encoding: 'json', protocol: 'http', body: Buffer.from(tracesJson(spans)), receivedAtMs: nowMs });
  }

  #take(count: number): number {
    const first = this.#id;
    this.#id += count;
    return first;
  }
}

const live = new LiveService();
beforeAll(() => live.live(), 120_000);
afterAll(() => live.store.close());

async function replayed(slo: Slo, range: { readonly fromMs: number; readonly toMs: number } = { fromMs: START, toMs: END }): Promise<BacktestResult> {
  const [result] = await backtest({ history: new DuckdbReplayHistory(live.store), ruleSets: [{ name: 'rules', slos: compiled([slo]) }], ...range, imported: false });
  return result!;
}

describe('a backtest of rules that were in force', () => {
  test('finds the pages that were sent, each at most a minute later than live, and their ends within two', async () => {
    const { incidents, bases, minutesJudged, pagesBetween } = await replayed(SLO);
    const opened = live.transitions.filter(({ kind, incident }) => kind === 'opened' && incident.severity === 'page');
    const resolved = live.transitions.filter(({ kind }) => kind === 'resolved');
    expect(opened).toHaveLength(2);
    expect(incidents.map(({ slo, service, severity, atStart }) => ({ slo, service, severity, atStart }))).toEqual(Array.from({ length: 2 }, () => ({ slo: 'checkout-availability', service: 'checkout', severity: 'page', atStart: false })));
    for (const [index, { pagedAtMs = 0, resolvedAtMs = 0, summary }] of incidents.entries()) {
      expect(pagedAtMs - opened[index]!.atMs).toBeGreaterThanOrEqual(0);
      expect(pagedAtMs - opened[index]!.atMs).toBeLessThanOrEqual(MINUTE_MS);
      // Five minutes of firing are over a tick earlier or later, depending on where in its minute the page came.
      expect(Math.abs(resolvedAtMs - resolved[index]!.atMs)).toBeLessThanOrEqual(2 * MINUTE_MS);
      expect(summary).toMatch(/is failing: burning .*x/);
    }
    expect(bases).toEqual([{ slo: 'checkout-availability', exactFromMs: START, estimatedFromMs: undefined, recounted: 0, sampled: false, recountable: true }]);
    expect(minutesJudged).toBe(HOURS * 60);
    expect(pagesBetween).toBeUndefined();
  });

  test('says when an incident had begun before the first minute', async () => {
    const { incidents } = await replayed(SLO, { fromMs: START + 70 * MINUTE_MS, toMs: END });
    expect(incidents.map(({ atStart }) => atStart)).toEqual([true, false]);
  });

  test('judges other targets and tiers on the same counts', async () => {
    const { incidents, bases } = await replayed(STRICTER);
    // 50x of 1 % is half of all requests over an hour: only the very end of the world.
    expect(incidents).toEqual([]);
    expect(bases).toMatchObject([{ exactFromMs: START, recounted: 0 }]);
  });
});

describe('a backtest of a changed query', () => {
  test('counts the stored spans anew, and finds what the counts of then would have shown', async () => {
    const [exact, estimated] = await backtest({ history: new DuckdbReplayHistory(live.store), ruleSets: [{ name: 'before', slos: compiled([SLO]) }, { name: 'after', slos: compiled([CHANGED]) }], fromMs: START, toMs: END, imported: false });
    expect(estimated!.incidents).toEqual(exact!.incidents);
    expect(estimated!.bases).toEqual([{ slo: 'checkout-availability', exactFromMs: undefined, estimatedFromMs: START, recounted: HOURS * 60 * 100 + 460, sampled: false, recountable: true }]);
    expect(estimated!.statuses).toEqual(exact!.statuses);
    // Nothing was sampled away, so another sample would have shown the same.
    expect(estimated!.pagesBetween).toBeUndefined();
  });

  test('does not count shares and means anew as if they were good and bad events', async () => {
    const mean: Slo = { ...SLO, indicator: { ...CHANGED.indicator, measure: { kind: 'mean', limitNs: 5e7 } } };
    const { incidents, bases } = await replayed(mean);
    expect(incidents.map(({ pagedAtMs }) => pagedAtMs).filter((pagedAtMs) => pagedAtMs !== undefined)).toEqual([]);
    expect(bases).toMatchObject([{ exactFromMs: undefined, estimatedFromMs: undefined, recounted: 0, recountable: false }]);
  });

  test('reports an SLO about which nothing is stored as resting on nothing', async () => {
    const { incidents, bases } = await replayed(availability('basket'));
    expect(incidents).toEqual([]);
    expect(bases).toEqual([{ slo: 'basket-availability', exactFromMs: undefined, estimatedFromMs: undefined, recounted: 0, sampled: false, recountable: true }]);
  });
});
