import { SchedulerRegistry } from '@nestjs/schedule';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { qualityReportOf } from '../../test/support/quality-fake.js';
import { FakeClock } from '../lib/clock.js';
import { DAY_MS, HOUR_MS } from '../lib/duration.js';
import { openDatabase, type DuckdbDatabase } from '../store/duckdb-database.js';
import { periodBefore, periodNamed } from './audit-period.js';
import { ArchivedQualityReader, partsOf } from './archived-quality-reader.js';
import { DuckdbQualityArchive } from './duckdb-quality-archive.js';
import type { QualityFact } from './quality-fact.js';
import { jaegerQualityMetrics } from './quality-jaeger-view.js';
import type { QualityReader, ReportWindow } from './quality-reader.js';
import type { QualityReport } from './quality-report.js';
import { QualityReports } from './quality-reports.js';
import { FRESH_SPANS, QualityService } from './quality-service.js';
import { qualitySlackMessage } from './quality-slack.js';
import { DEFAULT_QUALITY } from '../config/quality-rule.js';
import { dueAfterMs, startOfWeek, WEEK_MS } from './quality-week.js';
import { QualityAudits } from './quality-audits.js';
import { QualityJob } from './quality.job.js';

const MONDAY = Date.parse('2026-11-23T00:00:00Z');
const examples = [{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }];

/** Ten spans in every hour that is asked for, and the largest number of names in the last of them. */
class HourlyReader implements QualityReader {
  readonly asked: ReportWindow[] = [];
  /** Of each hour. */
  spans = 10;

  count({ fromMs, toMs }: ReportWindow): Promise<number> {
    return Promise.resolve((this.spans * (toMs - fromMs)) / HOUR_MS);
  }

  async facts(window: ReportWindow): Promise<QualityFact[]> {
    this.asked.push(window);
    const hours = (window.toMs - window.fromMs) / HOUR_MS;
    const of = (fact: QualityFact['fact'], numbers: Partial<QualityFact>): QualityFact => ({ fact, service: 'checkout', subject: '', n: 10 * hours, bad: 0, value: 10 * hours, examples, ...numbers });
    return Promise.resolve([of('spans', {}), of('weighted', {}), of('span-names', { value: 7 }), of('sensitive', { n: hours, subject: JSON.stringify(['email', "it's \"quoted\"", 'concealed']) })]);
  }

  ledger = () => Promise.resolve([]);
  counted = () => Promise.resolve([]);
}

let database: DuckdbDatabase;
let clock: FakeClock;
let live: HourlyReader;
let archive: DuckdbQualityArchive;
let audits: string[];
beforeEach(async () => {
  database = await openDatabase(':memory:');
  clock = new FakeClock(MONDAY - 4 * HOUR_MS);
  live = new HourlyReader();
  audits = [];
  archive = new DuckdbQualityArchive(database);
});
afterEach(() => database.close());

function service(): QualityService {
  const reports = new QualityReports({
    reader: new ArchivedQualityReader(live, archive), clock, hygiene: () => Promise.resolve([]), owners: () => new Map(), rules: () => DEFAULT_QUALITY,
    earlier: ({ fromMs }, weeks) => archive.report(startOfWeek(fromMs) - weeks * WEEK_MS),
  });
  const quarterly = new QualityAudits({ report: (window, asked) => reports.report(window, asked), reader: new ArchivedQualityReader(live, archive), database, archive, clock, hotRetentionMs: HOUR_MS, archiveMaxAgeMs: () => 30 * DAY_MS, pricePerMillionSpans: 2 });
  return new QualityService({ reports, live, archive, audits: quarterly, clock });
}

function job(quality: QualityService, announced: QualityReport[], errors: unknown[] = []): QualityJob {
  return new QualityJob({
    quality, clock, keepReads: () => Promise.resolve(), announceAudit: (audit) => Promise.resolve(void audits.push(`${audit.period.name} ${audit.spans}`)), scheduler: new SchedulerRegistry(), schedule: { day: 'monday', hour: 9, timeZone: 'UTC' },
    announce: (report) => Promise.resolve(void announced.push(report)), onError: (error) => void errors.push(error),
  });
}

describe('hours', () => {
  test('come back as they were stored, add up, and are computed only once', async () => {
    const quality = service();
    while (await quality.keepHour());
    const asked = live.asked.length;
    expect(asked).toBe(48 - 1);
    expect(await quality.keepHour()).toBe(false);
    const facts = await archive.facts({ fromMs: MONDAY - 10 * HOUR_MS, toMs: MONDAY - 5 * HOUR_MS });
    expect(facts).toContainEqual({ fact: 'spans', service: 'checkout', subject: '', n: 50, bad: 0, value: 50, examples });
    expect(facts).toContainEqual(expect.objectContaining({ fact: 'span-names', value: 7, n: 50 }));
    expect(facts).toContainEqual(expect.objectContaining({ subject: JSON.stringify(['email', "it's \"quoted\"", 'concealed']) }));
    expect(live.asked.length).toBe(asked);
  });

  test('stored twice count once', async () => {
    for (let times = 0; times < 2; times += 1) await archive.storeHour(MONDAY, await live.facts({ fromMs: MONDAY, toMs: MONDAY + HOUR_MS }));
    expect(await archive.facts({ fromMs: MONDAY, toMs: MONDAY + HOUR_MS })).toContainEqual(expect.objectContaining({ fact: 'spans', n: 10 }));
  });

  test('that are stored are left out of what is computed, without a gap and without an overlap', () => {
    const [a, b, c] = [MONDAY + HOUR_MS, MONDAY + 2 * HOUR_MS, MONDAY + 4 * HOUR_MS];
    expect(partsOf({ fromMs: MONDAY + 1_000, toMs: MONDAY + 5 * HOUR_MS + 7 }, new Set([a, b, c]))).toEqual([
      { fromMs: MONDAY + 1_000, toMs: a, isStored: false }, { fromMs: a, toMs: b + HOUR_MS, isStored: true }, { fromMs: b + HOUR_MS, toMs: c, isStored: false },
      { fromMs: c, toMs: c + HOUR_MS, isStored: true }, { fromMs: c + HOUR_MS, toMs: c + HOUR_MS + 7, isStored: false },
    ]);
  });
});

describe('the weekly report', () => {
  const runs = async (run: QualityJob, times: number): Promise<void> => { for (let time = 0; time < times; time += 1) await run.run(); };

  test('is made when it is due, once, also by a process that starts later', async () => {
    const announced: QualityReport[] = [];
    const first = job(service(), announced);
    await archive.storeReport({ window: { fromMs: MONDAY - 2 * WEEK_MS, toMs: MONDAY - WEEK_MS }, overall: {} as QualityReport['overall'], score: 50, services: [], findings: [] }, clock.nowMs());
    await runs(first, 60);
    expect(announced).toEqual([]);
    clock.set(MONDAY + 9 * HOUR_MS);
    await runs(first, 60);
    expect(announced.map(({ window, lastWeek }) => [window, lastWeek?.score])).toEqual([[{ fromMs: MONDAY - WEEK_MS, toMs: MONDAY }, 50]]);
    await runs(job(service(), announced), 3);
    expect(announced).toHaveLength(1);
  });

  test('that a downtime kept from being made is made after it', async () => {
    const announced: QualityReport[] = [];
    clock.set(MONDAY + 3 * DAY_MS);
    await runs(job(service(), announced), 60);
    expect(announced.map(({ window }) => window.toMs)).toEqual([MONDAY]);
  });

  test('that cannot be made is tried again, and its error is told', async () => {
    const [announced, errors]: [QualityReport[], unknown[]] = [[], []];
    clock.set(MONDAY + 9 * HOUR_MS);
    const failing = job(service(), announced, errors);
    live.facts = () => Promise.reject(new Error('no'));
    await failing.run();
    expect(errors).toEqual([new Error('no')]);
    live.facts = (window) => HourlyReader.prototype.facts.call(live, window);
    await runs(failing, 60);
    expect(announced).toHaveLength(1);
  });

  test.each([
    ['monday', 9, 'UTC', 9], ['friday', 17, 'UTC', 4 * 24 + 17], ['monday', 9, 'America/New_York', 14], ['monday', 3, 'Asia/Tokyo', 0],
  ] as const)('on %s at %i o\'clock in %s is due %i hours after Monday, UTC', (day, hour, timeZone, hours) => {
    expect(dueAfterMs({ day, hour, timeZone }, MONDAY)).toBe(hours * HOUR_MS);
  });
});

test('the line over the weeks leaves out those in which nothing came', async () => {
  for (const [weeks, spans] of [[2, 10], [1, 0]] as const) {
    await archive.storeReport({ window: { fromMs: MONDAY - weeks * WEEK_MS, toMs: MONDAY - (weeks - 1) * WEEK_MS }, overall: { spans } as QualityReport['overall'], score: 50, services: [], findings: [] }, MONDAY);
  }
  expect(await archive.history(MONDAY, 12)).toEqual([{ fromMs: MONDAY - 2 * WEEK_MS, score: 50, findings: 0 }]);
});

describe('a report of the last days', () => {
  const MINUTE_MS = 60_000;
  const windowMade = async (): Promise<ReportWindow> => (await service().report(undefined)).window;

  test('goes up to a minute ago, and reads what no stored hour holds', async () => {
    clock.set(MONDAY + 30 * MINUTE_MS);
    await archive.storeHour(MONDAY - HOUR_MS, []);
    expect(await windowMade()).toEqual({ fromMs: MONDAY + 29 * MINUTE_MS - WEEK_MS, toMs: MONDAY + 29 * MINUTE_MS });
    expect(live.asked.at(-1)).toMatchObject({ fromMs: MONDAY, toMs: MONDAY + 29 * MINUTE_MS });
  });

  test('ends with the last stored hour where more has come since than is read for one report', async () => {
    clock.set(MONDAY + 30 * MINUTE_MS);
    await archive.storeHour(MONDAY - HOUR_MS, []);
    live.spans = 3 * FRESH_SPANS;
    expect(await windowMade()).toEqual({ fromMs: MONDAY + 29 * MINUTE_MS - WEEK_MS, toMs: MONDAY });
    expect(live.asked.filter(({ toMs }) => toMs > MONDAY)).toEqual([]);
    expect((await service().report(undefined)).asked).toEqual({ fromMs: MONDAY + 29 * MINUTE_MS - WEEK_MS, toMs: MONDAY + 29 * MINUTE_MS });
  });

  test('unlike the one of the week, which is made once and tells all of it', async () => {
    clock.set(MONDAY + 30 * MINUTE_MS);
    live.spans = 3 * FRESH_SPANS;
    expect((await service().weekly(0))?.window).toEqual({ fromMs: MONDAY - WEEK_MS, toMs: MONDAY });
    expect(await service().weekly(0)).toBeUndefined();
  });

  test('is one of the last minutes where that much came and no hour is stored yet', async () => {
    clock.set(MONDAY + 30 * MINUTE_MS);
    live.spans = 3 * FRESH_SPANS;
    const { fromMs, toMs } = await windowMade();
    expect(toMs).toBe(MONDAY + 29 * MINUTE_MS);
    expect((live.spans * (toMs - fromMs)) / HOUR_MS).toBeLessThanOrEqual(FRESH_SPANS);
    expect((live.spans * (toMs - fromMs)) / HOUR_MS).toBeGreaterThan(FRESH_SPANS / 3);
  });
});

test('the same report is not made twice within a minute', async () => {
  const quality = service();
  const [first, second] = await Promise.all([quality.report(undefined), quality.report(undefined)]);
  expect(second).toBe(first);
  clock.set(clock.nowMs() + 2 * 60_000);
  expect(await quality.report(undefined)).not.toBe(first);
});

describe('audits', () => {
  const runs = async (clockMs: number, from = archive): Promise<void> => {
    clock.set(clockMs);
    archive = from;
    const quality = job(service(), []);
    for (let time = 0; time < 60; time += 1) await quality.run();
  };

  test('go out once after the month and once after the quarter, at their hour, by one of two replicas, and after a downtime', async () => {
    await runs(Date.parse('2026-12-01T08:00:00Z'));
    expect(audits.filter((name) => name.startsWith('2026-11 '))).toEqual([]);
    await runs(Date.parse('2026-12-01T09:01:00Z'));
    await runs(Date.parse('2026-12-02T09:01:00Z'), new DuckdbQualityArchive(database));
    expect(audits.filter((name) => name.startsWith('2026-11 '))).toHaveLength(1);
    await runs(Date.parse('2027-01-05T12:00:00Z'), new DuckdbQualityArchive(database));
    expect(audits.map((name) => name.split(' ')[0])).toEqual(expect.arrayContaining(['2026-12', '2026-Q4']));
    expect(new Set(audits).size).toBe(audits.length);
  });

  test('compare months of which nearly all hours are stored, and no others', async () => {
    const october = Date.parse('2026-10-01T00:00:00Z');
    const keep = (hours: number): Promise<unknown> => database.transaction([['2026-10-01', hours], ['2026-11-01', 700]].map(([from, count]) => ({
      sql: 'INSERT OR IGNORE INTO quality_hours SELECT $from_ms + range * $hour_ms FROM range($count)', params: { from_ms: Date.parse(`${from}T00:00:00Z`), hour_ms: HOUR_MS, count: count! },
    })));
    const month = async (): Promise<unknown> => (await service().audit(periodBefore('month', Date.parse('2026-12-01T09:00:00Z')))).month;
    await keep(372);
    expect(await month()).toMatchObject({ spans: 200, spansBefore: undefined, forecast: undefined });
    await keep(734);
    expect(await archive.hours({ fromMs: october, toMs: october + 31 * DAY_MS })).toHaveProperty('size', 734);
    expect(await month()).toMatchObject({ spans: 200, spansBefore: 100, cost: 0.0004, forecast: 0.0008 });
  });

  test('do not compare a month of which only a part is read', async () => {
    const [october, november] = [Date.parse('2026-10-01T00:00:00Z'), Date.parse('2026-11-01T00:00:00Z')];
    const keep = (fromMs: number, hours: number): Promise<unknown> => database.transaction([{ sql: 'INSERT OR IGNORE INTO quality_hours SELECT $from_ms + range * $hour_ms FROM range($hours)', params: { from_ms: fromMs, hour_ms: HOUR_MS, hours } }]);
    const period = periodBefore('month', Date.parse('2026-12-01T09:00:00Z'));
    live.spans = 3 * FRESH_SPANS;
    await keep(october, 734);
    const minutes = await service().audit(period);
    expect(minutes.month).toMatchObject({ spansBefore: undefined, forecast: undefined });
    expect(minutes.window.fromMs).toBeGreaterThan(period.window.toMs - HOUR_MS);
    await keep(november, 240);
    const days = await service().audit(period);
    expect(days.month).toMatchObject({ spansBefore: undefined, forecast: undefined });
    expect(days).toMatchObject({ period, window: { fromMs: november, toMs: november + 240 * HOUR_MS } });
  });

  test('of two processes that finish the weekly report together, one may tell it', async () => {
    const report = { window: { fromMs: MONDAY - WEEK_MS, toMs: MONDAY }, overall: {} as QualityReport['overall'], score: 50, services: [], findings: [] };
    const [mine, other] = [new DuckdbQualityArchive(database), new DuckdbQualityArchive(database)];
    const told = await Promise.all([mine.storeReport(report, MONDAY), other.storeReport(report, MONDAY)]);
    expect(told.filter(Boolean)).toHaveLength(1);
    expect(await mine.report(MONDAY - WEEK_MS)).toMatchObject({ score: 50 });
  });

  test.each([
    ['month', '2026-03-01T00:00:00Z', '2026-02', '2026-02-01', '2026-03-01'], ['month', '2026-01-31T23:00:00Z', '2025-12', '2025-12-01', '2026-01-01'], ['quarter', '2026-05-15T00:00:00Z', '2026-Q1', '2026-01-01', '2026-04-01'], ['quarter', '2026-01-01T00:00:00Z', '2025-Q4', '2025-10-01', '2026-01-01'],
  ] as const)('the %s before %s is %s', (kind, now, name, from, to) => {
    const period = periodBefore(kind, Date.parse(now));
    expect(period).toEqual({ kind, name, window: { fromMs: Date.parse(from), toMs: Date.parse(to) } });
    expect(periodNamed(kind, name)).toEqual({ ok: true, value: period });
  });

  test.each([['month', '2026-13'], ['month', '2026-Q1'], ['quarter', '2026-Q5'], ['quarter', ''], ['month', '0000-00']] as const)('there is no %s "%s"', (kind, name) => {
    expect(periodNamed(kind, name).ok).toBe(false);
  });
});

describe('what others read', () => {
  const report = qualityReportOf(undefined, false, MONDAY);

  test('Slack gets one screen: a header, three things to do with their fix, and no markup of others', () => {
    const message = qualitySlackMessage(report, 'https://tocsin.example');
    const text = JSON.stringify(message);
    expect(message.text).toMatch(/^Trace quality, week 2026-W47: score \d+\.\d \([+-]\d+\.\d\), \d+ findings, \d high$/);
    expect(message.blocks).toHaveLength(6);
    expect(text).toContain('fixed.\\nScore by week: ▅▆▆▆▇');
    expect(text).toContain('\\n*To do this week:*');
    expect(text).toContain('The trace breaks between front and checkout*');
    expect(text).toContain('OTEL_PROPAGATORS=tracecontext,baggage');
    expect(text).toContain('https://tocsin.example/quality?week=2026-W47');
    expect(text).not.toContain('<script');
    expect(text.length).toBeLessThan(6_000);
  });

  test('Slack names a thing once that shows at several edges', () => {
    const [first, ...others] = report.findings;
    const message = qualitySlackMessage({ ...report, findings: [first!, { ...first!, id: 'another', detail: 'At another edge.' }, ...others] }, 'https://tocsin.example');
    expect(JSON.stringify(message).split(first!.title)).toHaveLength(2);
    expect(message.blocks).toHaveLength(6);
  });

  test('Jaeger gets its own shape, for one service, with true numbers', () => {
    const metrics = jaegerQualityMetrics(report, 'payment');
    expect(Object.keys(metrics)).toEqual(['traceQualityDocumentationLink', 'bannerText', 'scores', 'metrics', 'clients']);
    expect(metrics).toMatchObject({
      scores: [{ key: 'instrumentation', label: 'Instrumentation Score', max: 100, value: expect.any(Number) }],
      metrics: expect.arrayContaining([
        expect.objectContaining({ name: 'RES-007', category: 'Instrumentation Score', metricWeight: 0.75, passCount: 0, failureCount: 30_000 }),
        expect.objectContaining({ name: 'clock-skew', category: 'Findings', failureCount: 4_000, failureExamples: [{ traceID: expect.any(String), spanIDs: [expect.any(String)] }], details: [expect.objectContaining({ rows: expect.arrayContaining([expect.objectContaining({ fix: expect.stringContaining('chrony') })]) })] }),
      ]),
    });
    expect(jaegerQualityMetrics(report, 'front')).toMatchObject({ clients: [{ version: 'nodejs 2.0.0', count: 20_000 }, { version: 'nodejs 1.30.0' }] });
    expect(jaegerQualityMetrics(report, 'nobody')).toMatchObject({ scores: [], metrics: [], bannerText: { value: 'No spans of nobody in this time' } });
  });
});

describe('a change of the clocks', () => {
  const told = async (from: string, to: string, schedule: Parameters<typeof dueAfterMs>[0]): Promise<string[]> => {
    const made: string[] = [];
    const quality = service();
    for (let atMs = Date.parse(from); atMs <= Date.parse(to); atMs += HOUR_MS / 2) {
      clock.set(atMs);
      if ((await quality.weekly(dueAfterMs(schedule, atMs))) !== undefined) made.push(new Date(atMs).toISOString());
    }
    return made;
  };

  test.each([
    // Central Europe: forward on 29 March 2026, back on 25 October 2026, both at 01:00 UTC.
    ['before and after it goes forward', '2026-03-23T00:00:00Z', '2026-03-31T00:00:00Z', { day: 'monday', hour: 9, timeZone: 'Europe/Berlin' }, ['2026-03-23T08:00:00.000Z', '2026-03-30T07:00:00.000Z']],
    ['before and after it goes back', '2026-10-19T00:00:00Z', '2026-10-27T00:00:00Z', { day: 'monday', hour: 9, timeZone: 'Europe/Berlin' }, ['2026-10-19T07:00:00.000Z', '2026-10-26T08:00:00.000Z']],
    ['at an hour that is left out, it is at the next', '2026-03-28T00:00:00Z', '2026-03-29T23:00:00Z', { day: 'sunday', hour: 2, timeZone: 'Europe/Berlin' }, ['2026-03-28T00:00:00.000Z', '2026-03-29T01:00:00.000Z']],
    ['at an hour that comes twice, it is at the first', '2026-10-24T00:00:00Z', '2026-10-25T23:00:00Z', { day: 'sunday', hour: 2, timeZone: 'Europe/Berlin' }, ['2026-10-24T00:00:00.000Z', '2026-10-25T00:00:00.000Z']],
  ] as const)('%s: each week once, at the hour of the wall', async (_, from, to, schedule, expected) => {
    // What is due at the start of the play is the week before that.
    const made = await told(from, to, schedule);
    expect(made.slice(-expected.length)).toEqual(expected);
    expect(new Set(made).size).toBe(made.length);
  });
});
