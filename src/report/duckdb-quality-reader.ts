import { MINUTE_MS } from '../lib/duration.js';
import { LATENCY_GAMMA } from '../sli/latency-bucket.js';
import type { Database, Row } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { never, orTooMuch } from '../store/less-at-once.js';
import { isOutOfMemory } from '../store/out-of-memory.js';
import { CONVENTION_NAMESPACES } from '../trace/convention-namespaces.js';
import { agentFacts } from './agent-losses.js';
import { FactTable, factKey, type ExampleSpan, type FactName, type QualityFact } from './quality-fact.js';
import type { CountedRequests, LedgerOfReport, QualityReader, ReportWindow, SpanCount } from './quality-reader.js';
import { resourceFacts } from './resource-facts.js';
import { kindOfMark, kindOfText } from './sensitive-kind.js';

const sql = (name: string): string => loadSql(import.meta.url, `read-quality-${name}.sql`);
const PRESENCE = sql('presence');
const STRUCTURE = sql('structure');
const EDGES = sql('edges');
const ATTRIBUTES = sql('attributes');
const CONCEALED = sql('concealed');
const VALUES = sql('values');
const RESOURCES = sql('resources');
const LOGS = sql('logs');
const AGENTS = sql('agents');
const SLOW = sql('slow');
const EXTENT = sql('extent');
const LEDGER = sql('ledger');
const COUNTED = sql('counted');

/** Spans that one statement joins: some 60 MB of DuckDB's memory. More of them are cut into windows of time, and in dense times by trace. */
export const WINDOW_SPANS = 150_000;
/** Parents and children that end this much before or after a window are found. */
const MARGIN_MS = 5 * MINUTE_MS;
/** A window is no shorter where spans are dense: else more would be read of its margins than of itself. */
const DENSE_WINDOW_MS = 2 * MARGIN_MS;
/** Where they are dense, children of calls are looked for this near to them: an answer ends with its call. */
const CALL_MARGIN_MS = 10_000;
/** The most that a window is cut into for want of memory. */
const MOST_PARTS = 64;
/** Spans of a window whose attributes are read key by key. */
const SAMPLED_SPANS = 4_000;
/** Roots are moved by this to see what meets by chance. */
const CHANCE_SHIFT_MS = 7_300;
/** After a time in which Tocsin was away: senders pause for up to half a minute between attempts (the Collector's `max_interval`), and uptime is known by the minute. */
const CATCH_UP_MINUTES = 2;
/** Clocks kept by NTP differ less; SDKs that know milliseconds only differ by one of them. */
const SKEW_TOLERANCE_MS = 5;

/** A time with so many spans that each statement reads one of `parts` of it. */
interface Window extends ReportWindow {
  readonly spans: number;
  readonly parts: number;
}

export interface QualityReaderOptions {
  readonly windowSpans?: number;
  /** Windows that are read beside each other; each occupies a connection, and its memory. */
  readonly atOnce?: number;
  /** When this process began to take spans: table `uptime` does not know of a restart within a minute. */
  readonly listeningSinceMs?: number;
}

/** Computes the facts in SQL, window by window, so that memory stays bounded whatever the number of spans. */
export class DuckdbQualityReader implements QualityReader, SpanCount {
  readonly #database: Pick<Database, 'query'>;
  readonly #windowSpans: number;
  readonly #atOnce: number;
  readonly #listeningSinceMs: number;

  constructor(database: Pick<Database, 'query'>, { windowSpans = WINDOW_SPANS, atOnce = 1, listeningSinceMs = 0 }: QualityReaderOptions = {}) {
    this.#database = database;
    this.#windowSpans = windowSpans;
    this.#atOnce = atOnce;
    this.#listeningSinceMs = listeningSinceMs;
  }

  async facts(window: ReportWindow): Promise<QualityFact[]> {
    const table = new FactTable();
    const windows = (await this.#windows(window)).values();
    // Whoever is done takes the next one.
    await Promise.all(Array.from({ length: this.#atOnce }, async () => {
      for (const next of windows) table.add(await this.#factsWithin(next));
    }));
    table.add(await this.#logFactsOf(window));
    return table.all;
  }

  async count({ fromMs, toMs }: ReportWindow): Promise<number> {
    const rows = await this.#database.query({ sql: EXTENT, params: { from_ms: fromMs, to_ms: toMs } });
    return rows.reduce((sum, row) => sum + Number(row['n']), 0);
  }

  async ledger({ fromMs, toMs }: ReportWindow): Promise<LedgerOfReport[]> {
    const rows = await this.#database.query({ sql: LEDGER, params: { from_ms: fromMs, to_ms: toMs } });
    return rows.map((row) => ({ signal: String(row['signal']), received: Number(row['received']), hot: Number(row['hot']), rejected: Number(row['rejected']), deduplicated: Number(row['deduplicated']) }));
  }

  async counted({ fromMs, toMs }: ReportWindow): Promise<CountedRequests[]> {
    const rows = await this.#database.query({ sql: COUNTED, params: { from_ms: fromMs, to_ms: toMs } });
    return rows.map((row) => ({ service: String(row['service']), requests: Number(row['requests']), failures: Number(row['failures']) }));
  }

  /** Whole minutes, as many as a statement takes; in dense times more of them, which are read in parts. */
  async #windows({ fromMs, toMs }: ReportWindow): Promise<Window[]> {
    const rows = await this.#database.query({ sql: EXTENT, params: { from_ms: fromMs, to_ms: toMs } });
    const windows: { fromMs: number; toMs: number; spans: number }[] = [];
    for (const row of rows) {
      const [startMs, spans] = [Number(row['minute']) * MINUTE_MS, Number(row['n'])];
      const [last, endMs] = [windows.at(-1), Math.min(startMs + MINUTE_MS, toMs)];
      if (last !== undefined && (last.spans + spans <= this.#windowSpans || endMs - last.fromMs <= DENSE_WINDOW_MS)) Object.assign(last, { toMs: endMs, spans: last.spans + spans });
      else windows.push({ fromMs: Math.max(startMs, fromMs), toMs: endMs, spans });
    }
    return windows.map((window) => ({ ...window, parts: Math.ceil(window.spans / this.#windowSpans) }));
  }

  async #edges(near: Readonly<Record<string, number>>): Promise<QualityFact[]> {
    const read = async (shiftMs: number): Promise<QualityFact[]> => (await this.#database.query({ sql: EDGES, params: { ...near, shift_ns: shiftMs * 1e6 } })).map(factOf);
    const facts = await read(0);
    if (!facts.some(({ fact }) => fact === 'broken-context')) return facts;
    const chance = new Map((await read(CHANCE_SHIFT_MS)).filter(({ fact }) => fact === 'broken-context').map((fact) => [factKey(fact), fact.n]));
    return facts.map((fact) => withChance(fact, chance));
  }

  /** Of the whole time at once: records also come in minutes without a span. */
  async #logFactsOf({ fromMs, toMs }: ReportWindow): Promise<QualityFact[]> {
    const params = { from_ms: fromMs, to_ms: toMs };
    const logs = await this.#database.query({ sql: LOGS, params });
    const agents = await this.#database.query({ sql: AGENTS, params });
    return [...logs.flatMap(logFacts), ...agentFacts(agents.map((row) => ({ host: String(row['host']), key: String(row['key']), n: Number(row['n'] ?? 0) })))];
  }

  /** Beside searches that take the memory of the database, in more and smaller parts. */
  async #factsWithin(window: Window): Promise<QualityFact[]> {
    const found = await orTooMuch(this.#factsOf(window), window.parts < MOST_PARTS ? isOutOfMemory : never);
    return found?.result ?? this.#factsWithin({ ...window, parts: 2 * window.parts });
  }

  async #factsOf(window: Window): Promise<QualityFact[]> {
    const table = new FactTable((await this.#read(PRESENCE, own(window))).map(factOf));
    const limits = { log_gamma: Math.log(LATENCY_GAMMA), skew_ns: SKEW_TOLERANCE_MS * 1e6, catch_up_minutes: CATCH_UP_MINUTES, listening_since_ms: this.#listeningSinceMs };
    // Fewer traces where they are joined, since all of a trace is needed there; shorter times elsewhere, since a database finds them sooner.
    for (let part = 0; part < window.parts; part += 1) {
      table.add((await this.#read(STRUCTURE, { ...near(window, MARGIN_MS), part, parts: window.parts, ...limits })).map(factOf));
      table.add(await this.#factsOfTime(timeOf(window, part), window));
    }
    return table.all;
  }

  async #factsOfTime(time: ReportWindow, { spans, parts }: Window): Promise<QualityFact[]> {
    const every = Math.max(1, Math.ceil(spans / SAMPLED_SPANS));
    const edges = await this.#edges(near(time, parts === 1 ? MARGIN_MS : Math.max(CALL_MARGIN_MS, time.toMs - time.fromMs)));
    const attributes = await this.#read(ATTRIBUTES, { ...own(time), every, namespaces: CONVENTION_NAMESPACES.join(',') });
    const concealed = await this.#read(CONCEALED, own(time));
    const values = await this.#read(VALUES, { ...own(time), every });
    const resources = await this.#read(RESOURCES, own(time));
    const slow = await this.#read(SLOW, own(time));
    return [
      ...[...attributes, ...slow].map(factOf), ...edges, ...concealed.map((row) => sensitive(row, kindOfMark(String(row['mark'])))), ...values.flatMap(unmasked),
      ...resourceFacts(resources.map((row) => ({ service: String(row['service']), attributes: JSON.parse(String(row['attributes'])) as Record<string, unknown>, n: Number(row['n']), examples: examplesOf(row) }))),
      ...resources.flatMap(sensitiveResource),
    ];
  }

  #read(sql: string, params: Readonly<Record<string, number | string>>): Promise<Row[]> {
    return this.#database.query({ sql, params });
  }
}

function own({ fromMs, toMs }: ReportWindow): { readonly from_ms: number; readonly to_ms: number } {
  return { from_ms: fromMs, to_ms: toMs };
}

function near(window: ReportWindow, marginMs: number): ReturnType<typeof own> & { readonly near_from_ms: number; readonly near_to_ms: number } {
  return { ...own(window), near_from_ms: window.fromMs - marginMs, near_to_ms: window.toMs + marginMs };
}

/** One of the equal times that a window is cut into, in whole milliseconds. */
function timeOf({ fromMs, toMs, parts }: Window, part: number): ReportWindow {
  const at = (index: number): number => fromMs + Math.floor(((toMs - fromMs) * index) / parts);
  return { fromMs: at(part), toMs: at(part + 1) };
}

/** `value` of a broken edge is how many of its calls meet its roots by chance; looked for where something met at all. */
function withChance(fact: QualityFact, chance: ReadonlyMap<string, number>): QualityFact {
  return fact.fact === 'broken-context' ? { ...fact, value: chance.get(factKey(fact)) ?? 0 } : fact;
}

function factOf(row: Row): QualityFact {
  return {
    fact: String(row['fact']) as FactName, service: String(row['service']), subject: String(row['subject']),
    n: Number(row['n']), bad: Number(row['bad']), value: Number(row['value']), examples: examplesOf(row),
  };
}

function examplesOf(row: Row): ExampleSpan[] {
  return (JSON.parse(String(row['examples'])) as [string, string][]).map(([traceId, spanId]) => ({ traceId, spanId }));
}

/** The subject is kind and place; the value goes no further than this. */
function sensitive(row: Row, kind: string): QualityFact {
  return { fact: 'sensitive', service: String(row['service']), subject: JSON.stringify([kind, String(row['place']), 'concealed']), n: Number(row['n']), bad: Number(row['n']), value: 0, examples: examplesOf(row) };
}

function unmasked(row: Row): QualityFact[] {
  const kind = kindOfText(String(row['text']));
  if (kind === undefined) return [];
  return [{ ...sensitive(row, kind), subject: JSON.stringify([kind, String(row['place']), 'stored']) }];
}

function sensitiveResource(row: Row): QualityFact[] {
  const attributes = JSON.parse(String(row['attributes'])) as Record<string, unknown>;
  return Object.entries(attributes).flatMap(([key, value]) => {
    if (typeof value !== 'string') return [];
    const kind = value.includes('****') ? kindOfMark(value) : kindOfText(value);
    return kind === undefined ? [] : [{ ...sensitive({ ...row, place: `resource ${key}` }, kind), subject: JSON.stringify([kind, `resource ${key}`, value.includes('****') ? 'concealed' : 'stored']) }];
  });
}

function logFacts(row: Row): QualityFact[] {
  const [service, n] = [String(row['service']), Number(row['n'])];
  const fact = (name: FactName, bad: number): QualityFact => ({ fact: name, service, subject: '', n, bad, value: 0, examples: [] });
  return [fact('logs', n - Number(row['correlated'])), fact('log-severity', Number(row['without_severity'])), fact('log-sensitive', Number(row['concealed']))];
}
