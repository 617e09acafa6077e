import { MINUTE_MS } from '../lib/duration.js';
import type { CompiledSlo } from '../sli/compile-slo.js';
import { JOURNEY_CORRECTION_MS, JOURNEY_QUIET_MS, JOURNEY_WAIT_MS } from '../sli/journey.js';
import type { SloSlice } from '../sli/slice.js';
import type { Database, Row, Statement } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { mergeSloSlices } from '../store/merge-slices.js';
import { IMPORTED_AFTER_MS } from '../store/span-sink.js';
import { compileSearch } from '../trace/traceql/search-sql.js';
import { SPAN_ROWS } from '../trace/traceql/span-fields-sql.js';

const sql = (name: string): string => loadSql(import.meta.url, `${name}.sql`);
const DUE_ENTRIES = sql('due-journey-entries');
const DUE = sql('due-journeys').replace('/* due entries */', () => DUE_ENTRIES);
const JUDGE = sql('judge-journeys').replace('/* due entries */', () => DUE_ENTRIES);
const SETTLE = sql('settle-journeys');
const DROP = sql('drop-journeys');
const FORGET = sql('forget-journeys');
const INSERT = sql('insert-slo-slices');

/** Commits may be a little late: a span that arrived shortly before the last look may not have been seen by it. */
const SLACK_MS = 5_000;
/** Spans of a trace that came longer before its entry are not looked for. */
const BEFORE_ENTRY_MS = 5 * MINUTE_MS;
/** So long a trace is known to have counted: another entry of it counts no more. */
const GOOD_KEPT_MS = 60 * MINUTE_MS;
/** Bad traces are what alerts and charts of who burned the budget show. */
const BAD_KEPT_MS = 24 * 60 * MINUTE_MS;
/** Traces judged at once; the rest is due the next time. */
const MAX_TRACES = 20_000;
const FOREVER = 2 ** 53;

export interface Look {
  readonly nowMs: number;
  /** When one looked last; 0 for never. */
  readonly lookedMs: number;
  /** Hears of each SLO's verdicts as soon as they are stored. */
  readonly tell: (judged: JudgedJourneys) => void;
}

/** What one look at the traces has found. */
export interface JudgedJourneys {
  /** May page; stored. */
  readonly live: readonly SloSlice[];
  /** Arrival of the oldest entry among them. */
  readonly oldestReceivedAtMs: number;
}

/** One entry as it is stored. */
interface Entry {
  readonly sliceKey: string;
  readonly groupKey: string;
  readonly key: readonly [traceIdHigh: string, traceIdLow: string, spanId: string];
  readonly eventMinute: number;
  readonly arrivalMs: number;
  readonly weight: number;
  readonly weightUnknown: boolean;
  readonly imported: boolean;
  readonly before: boolean | undefined;
  readonly bad: boolean;
}

/**
 * Judges whole traces for SLOs of `unit: trace`. A trace counts once, by its earliest entry, in the minute in which that span ended, when nothing of it
 * has come for ten seconds or a minute after the entry came. A span that comes later may change the verdict: the minute is then put right.
 * Verdicts and slices are written in one transaction: a crash leaves both or neither.
 */
export async function judgeJourneys(database: Database, slos: readonly CompiledSlo[], look: Look): Promise<void> {
  const failures: unknown[] = [];
  let isJudged = false;
  for (const slo of slos) {
    if (slo.journey === undefined) continue;
    try {
      isJudged = (await judgeSlo(database, slo, look)) || isJudged;
    } catch (error) {
      // One that cannot be judged holds up no other.
      failures.push(error);
    }
  }
  if (isJudged) await database.transaction([{ sql: FORGET, params: { good_before_ms: look.nowMs - GOOD_KEPT_MS, bad_before_ms: look.nowMs - BAD_KEPT_MS } }]);
  if (failures.length > 0) throw failures[0];
}

async function judgeSlo(database: Database, slo: CompiledSlo, { nowMs, lookedMs, tell }: Look): Promise<boolean> {
  const params = dueParams(slo, { nowMs, lookedMs });
  const [due] = await database.query({ sql: DUE, params });
  if (Number(due?.['due'] ?? 0) === 0) return false;
  const entries = (await database.query(judgeStatement(slo, { ...params, since_ms: Number(due?.['first_ms']) - BEFORE_ENTRY_MS }))).map((row) => entryOf(row, slo));
  const { counted, dropped } = byTrace(entries);
  const changed = counted.filter(({ before, bad }) => before !== bad);
  const slices = changed.flatMap((entry) => slicesOf(entry, nowMs));
  await database.transaction([
    ...withRows({ sql: SETTLE, params: { slo_key: slo.sliceKey, now_ms: nowMs } }, counted.map(({ key, bad }) => [...key, String(bad)])),
    ...withRows({ sql: DROP, params: { slo_key: slo.sliceKey } }, dropped.map(({ key }) => key)),
    ...insertStatements(slices),
  ]);
  const live = mergeSloSlices([slices.filter(({ imported }) => !imported).map(({ slice }) => slice)]);
  if (live.length > 0) tell({ live, oldestReceivedAtMs: Math.min(...changed.map(({ arrivalMs }) => arrivalMs)) });
  return true;
}

type Params = NonNullable<Statement['params']>;

/** What came before the last look was seen then, but for what was committed late. */
function dueParams({ sliceKey }: CompiledSlo, { nowMs, lookedMs }: Pick<Look, 'nowMs' | 'lookedMs'>): Params {
  const seen = Math.max(lookedMs - SLACK_MS, nowMs - JOURNEY_CORRECTION_MS);
  return {
    slo_key: sliceKey, waited_ms: nowMs - JOURNEY_WAIT_MS, quiet_ms: nowMs - JOURNEY_QUIET_MS, correct_since_ms: nowMs - JOURNEY_CORRECTION_MS, slack_ms: SLACK_MS, seen_ms: seen,
    recent_ms: Math.min(seen, nowMs - JOURNEY_QUIET_MS),
  };
}

function judgeStatement({ journey }: CompiledSlo, params: Params): Statement {
  const search = compileSearch(journey ?? { type: 'filter', condition: { type: 'boolean', value: true } });
  // Only spans of the traces in question are looked at, whatever else is stored.
  const ctes = search.ctes.replaceAll(SPAN_ROWS, 'journey_rows').replaceAll(/\bspans (?=[sp]\b)/g, 'journey_rows ');
  return {
    sql: JUDGE.replace('/* spans */', () => SPAN_ROWS).replace('/* search */', () => `${ctes},`).replace('/* found */', () => search.result),
    params: { ...search.params.values, ...params, limit: MAX_TRACES, near_from_ms: 0, near_to_ms: FOREVER },
  };
}

function entryOf(row: Row, { part }: CompiledSlo): Entry {
  const found = row['found'] === true;
  return {
    sliceKey: String(row['slice_key']), groupKey: String(row['group_key']), key: [String(row['trace_id_high']), String(row['trace_id_low']), String(row['span_id'])],
    eventMinute: Number(row['event_minute']), arrivalMs: Number(row['arrival_ms']), weight: Number(row['weight']), weightUnknown: row['weight_unknown'] === true, imported: row['imported'] === true,
    before: row['bad'] === null ? undefined : row['bad'] === true, bad: found === (part.polarity === 'bad'),
  };
}

/** Each trace counts once: by the entry that counted already, else by the earliest. */
function byTrace(entries: readonly Entry[]): { readonly counted: readonly Entry[]; readonly dropped: readonly Entry[] } {
  const byTraceId = new Map<string, Entry[]>();
  for (const entry of entries) {
    const id = `${entry.key[0]} ${entry.key[1]}`;
    byTraceId.set(id, [...(byTraceId.get(id) ?? []), entry]);
  }
  const counted = [...byTraceId.values()].flatMap((own) => own.find(({ before }) => before !== undefined) ?? own.slice(0, 1));
  const isCounted = new Set(counted);
  return { counted, dropped: entries.filter((entry) => !isCounted.has(entry)) };
}

interface JourneySlice {
  readonly slice: SloSlice;
  readonly imported: boolean;
}

function slicesOf(entry: Entry, nowMs: number): JourneySlice[] {
  const imported = entry.imported || entry.arrivalMs - (entry.eventMinute + 1) * MINUTE_MS > IMPORTED_AFTER_MS;
  const keys = entry.groupKey === '' ? [entry.sliceKey] : [entry.sliceKey, entry.groupKey];
  return keys.map((sliceKey) => ({ slice: { sliceKey, eventMinute: entry.eventMinute, arrivalMinute: Math.floor(nowMs / MINUTE_MS), ...deltaOf(entry) }, imported }));
}

/** A verdict that changed takes back what it counted before. */
function deltaOf({ before, bad, weight, weightUnknown }: Entry): Pick<SloSlice, 'good' | 'bad' | 'goodSquared' | 'badSquared' | 'events' | 'unknownWeight'> {
  const one = (isBad: boolean, sign: number): { good: number; bad: number } => (isBad ? { good: 0, bad: sign } : { good: sign, bad: 0 });
  const now = one(bad, 1);
  const then = before === undefined ? { good: 0, bad: 0 } : one(before, -1);
  const [good, wrong] = [now.good + then.good, now.bad + then.bad];
  const isNew = before === undefined;
  return { good: good * weight, bad: wrong * weight, goodSquared: good * weight * weight, badSquared: wrong * weight * weight, events: isNew ? 1 : 0, unknownWeight: isNew && weightUnknown ? 1 : 0 };
}

function insertStatements(slices: readonly JourneySlice[]): Statement[] {
  const merged = [false, true].flatMap((imported) => mergeSloSlices([slices.filter((each) => each.imported === imported).map(({ slice }) => slice)]).map((slice) => ({ ...slice, imported })));
  return merged.length === 0 ? [] : [{ sql: INSERT, params: { rows: JSON.stringify(merged) } }];
}

function withRows({ sql: text, params }: Statement, rows: readonly (readonly string[])[]): Statement[] {
  return rows.length === 0 ? [] : [{ sql: text, params: { ...params, rows: JSON.stringify(rows) } }];
}
