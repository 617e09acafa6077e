import type { Database } from '../database.js';
import type { TraceKey } from '../trace-key.js';
import { quoted } from './archive-columns.js';
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
/** For so many lists of attributes it is remembered which files may hold them: those of the searches that people are at. */
const REMEMBERED_PAIRS = 32;

/** Which files a statement has to open. One search asks several times, so that the answers stay in memory until the archive changes. */
export class KnownFiles {
  readonly #database: Database;
  readonly #generation: ArchiveGeneration;
  #known: { readonly generation: number; readonly files: Promise<readonly TimedFile[]> } | undefined;
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
    const files = await this.#files();
    const among = ofTraces(traces);
    const rows = await this.#database.query({ sql: endedBetween === undefined ? `SELECT DISTINCT file_id FROM archived_traces WHERE ${among}` : ofTimeOrLong(among, files.filter((file) => endsIn(file, endedBetween))) });
    const ids = new Set(rows.map((row) => row['file_id']));
    return files.filter(({ fileId }) => ids.has(fileId));
  }

  #files(): Promise<readonly TimedFile[]> {
    const generation = this.#generation.current;
    if (this.#known?.generation !== generation) {
      const files = this.#read();
      this.#known = { generation, files };
      files.catch(() => { this.#known = undefined; });
    }
    return this.#known.files;
  }

  async #read(): Promise<readonly TimedFile[]> {
    const rows = await this.#database.query({ sql: FILES });
    return rows.map((row) => ({
      fileId: String(row['file_id']), path: String(row['path']), bytes: Number(row['bytes']), sha256: String(row['sha256']),
      minEndMs: Number(row['min_end_ms']), maxEndMs: Number(row['max_end_ms']), minArrivalMs: Number(row['min_arrival_ms']), maxArrivalMs: Number(row['max_arrival_ms']),
    }));
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
function ofTimeOrLong(among: string, files: readonly TimedFile[]): string {
  const ids = files.map(({ fileId }) => fileId).sort();
  const [first, last] = [ids[0], ids.at(-1)];
  const ofTime = first === undefined || last === undefined ? 'FALSE' : `file_id BETWEEN ${quoted(first)} AND ${quoted(last)}`;
  return `SELECT file_id FROM archived_traces WHERE ${among} AND ${ofTime}
    UNION SELECT file_id FROM archived_traces a SEMI JOIN (SELECT * FROM long_traces WHERE ${among}) l ON a.trace_id_low = l.trace_id_low AND a.trace_id_high = l.trace_id_high`;
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
