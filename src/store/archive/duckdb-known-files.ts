import type { Database } from '../database.js';
import { quoted } from '../literal-sql.js';
import type { TraceKey } from '../trace-key.js';
import type { ArchivedFile } from './archive-storage.js';
import { mayHold } from './attribute-filter.js';

/** Goes up with every change of what is hot and what is archived. */
export interface ArchiveGeneration {
  current: number;
}

export interface TimeRange {
  readonly fromMs: number;
  /** Not in it. */
  readonly toMs: number;
}

/** A file with the times of its spans, both ends included. */
export interface TimedFile extends ArchivedFile {
  readonly fileId: string;
  readonly minEndMs: number;
  readonly maxEndMs: number;
  readonly minArrivalMs: number;
  readonly maxArrivalMs: number;
}

const FILES = 'SELECT file_id, path, bytes, sha256, min_end_ms, max_end_ms, min_arrival_ms, max_arrival_ms FROM archive_files ORDER BY hour, path';
/** Ids of traces that are noted as long. Where there are more, it is asked each time whether a trace is among them. */
const MOST_LONG_KNOWN = 10_000;
const LONG = `SELECT DISTINCT trace_id_low FROM long_traces LIMIT ${MOST_LONG_KNOWN + 1}`;
/** For so many lists of attributes it is remembered which files may hold them: those of the searches that people are at. */
const REMEMBERED_PAIRS = 32;

/** What is known of one generation. */
interface Known {
  readonly files: readonly TimedFile[];
  /** Lower halves of the ids of long traces; undefined: there are too many. */
  readonly long: ReadonlySet<bigint> | undefined;
}

/** Which files a statement has to open. One search asks several times, so that the answers stay in memory until the archive changes. */
export class KnownFiles {
  readonly #database: Database;
  readonly #generation: ArchiveGeneration;
  #known: { readonly generation: number; readonly read: Promise<Known> } | undefined;
  /** By list of pairs and file. What a file holds never changes. */
  readonly #held = new Map<string, Map<string, boolean>>();

  constructor(database: Database, generation: ArchiveGeneration) {
    this.#database = database;
    this.#generation = generation;
  }

  /** Oldest hour first. */
  async ofTime(range: TimeRange, pairs: readonly (readonly string[])[]): Promise<readonly TimedFile[]> {
    return this.#holding((await this.#files()).filter((file) => endsIn(file, range)), pairs);
  }

  /** With spans that arrived or ended then. */
  async ofArrival(range: TimeRange, pairs: readonly (readonly string[])[]): Promise<readonly TimedFile[]> {
    return this.#holding((await this.#files()).filter((file) => endsIn(file, range) || (file.maxArrivalMs >= range.fromMs && file.minArrivalMs < range.toMs)), pairs);
  }

  /** `endedBetween`: all their spans, but those of traces that are noted as long. */
  async ofTraces(traces: readonly TraceKey[], endedBetween?: TimeRange): Promise<readonly TimedFile[]> {
    const { files, long } = await this.#read();
    const selects = endedBetween === undefined ? [`SELECT file_id FROM archived_traces WHERE ${ofTraces(traces)}`] : [
      ...ofTime(traces, files.filter((file) => endsIn(file, endedBetween))),
      ...ofLong(traces.filter(({ low }) => long?.has(low) ?? true)),
    ];
    if (selects.length === 0) return [];
    const rows = await this.#database.query({ sql: selects.join(' UNION ') });
    const ids = new Set(rows.map((row) => row['file_id']));
    return files.filter(({ fileId }) => ids.has(fileId));
  }

  async #files(): Promise<readonly TimedFile[]> {
    return (await this.#read()).files;
  }

  #read(): Promise<Known> {
    const generation = this.#generation.current;
    if (this.#known?.generation !== generation) {
      const read = this.#readAnew();
      this.#known = { generation, read };
      read.catch(() => { this.#known = undefined; });
    }
    return this.#known.read;
  }

  async #readAnew(): Promise<Known> {
    const [rows, long] = await Promise.all([this.#database.query({ sql: FILES }), this.#database.query({ sql: LONG })]);
    return {
      files: rows.map((row) => ({
        fileId: String(row['file_id']), path: String(row['path']), bytes: Number(row['bytes']), sha256: String(row['sha256']),
        minEndMs: Number(row['min_end_ms']), maxEndMs: Number(row['max_end_ms']), minArrivalMs: Number(row['min_arrival_ms']), maxArrivalMs: Number(row['max_arrival_ms']),
      })),
      long: long.length > MOST_LONG_KNOWN ? undefined : new Set(long.map((row) => row['trace_id_low'] as bigint)),
    };
  }

  /** Those whose Bloom filters let through one pair of each list. */
  async #holding(files: readonly TimedFile[], pairs: readonly (readonly string[])[]): Promise<readonly TimedFile[]> {
    if (pairs.length === 0) return files;
    const held = this.#verdicts(JSON.stringify(pairs));
    const unknown = files.filter(({ fileId }) => !held.has(fileId));
    if (unknown.length > 0) {
      const rows = await this.#database.query({ sql: `SELECT file_id FROM archive_filters f WHERE file_id IN (${unknown.map(({ fileId }) => quoted(fileId)).join(', ')}) AND NOT ${mayHold(pairs)}` });
      for (const { fileId } of unknown) held.set(fileId, true);
      for (const row of rows) held.set(String(row['file_id']), false);
    }
    return files.filter(({ fileId }) => held.get(fileId) !== false);
  }

  #verdicts(key: string): Map<string, boolean> {
    const verdicts = this.#held.get(key) ?? new Map<string, boolean>();
    // What was asked for last stands last.
    this.#held.delete(key);
    this.#held.set(key, verdicts);
    const [oldest] = this.#held.keys();
    if (this.#held.size > REMEMBERED_PAIRS && oldest !== undefined) this.#held.delete(oldest);
    return verdicts;
  }
}

/**
 * The table of all traces is sorted day by day, so that any id may be in a part of each: of 13 million rows all are read for 20 ids. The name of a file begins with its
 * hour, which passes over what lies outside of these files'.
 */
function ofTime(traces: readonly TraceKey[], files: readonly TimedFile[]): readonly string[] {
  const ids = files.map(({ fileId }) => fileId).sort();
  const [first, last] = [ids[0], ids.at(-1)];
  return first === undefined || last === undefined ? [] : [`SELECT file_id FROM archived_traces WHERE ${ofTraces(traces)} AND file_id BETWEEN ${quoted(first)} AND ${quoted(last)}`];
}

function ofLong(traces: readonly TraceKey[]): readonly string[] {
  return traces.length === 0 ? [] : [`SELECT file_id FROM archived_traces a SEMI JOIN (SELECT * FROM long_traces WHERE ${ofTraces(traces)}) l ON a.trace_id_low = l.trace_id_low AND a.trace_id_high = l.trace_id_high`];
}

/** On the columns themselves, so that their zone maps are used. */
function ofTraces(traces: readonly TraceKey[]): string {
  const among = (side: keyof TraceKey): string => `trace_id_${side} IN (${[...new Set(traces.map((trace) => trace[side]))].map((id) => `${id}::UBIGINT`).join(', ')})`;
  // Two halves of different traces are no id that anybody has: 64 random bits are enough to tell traces apart.
  return `${among('low')} AND ${among('high')}`;
}

function endsIn({ minEndMs, maxEndMs }: TimedFile, { fromMs, toMs }: TimeRange): boolean {
  return maxEndMs >= fromMs && minEndMs < toMs;
}
