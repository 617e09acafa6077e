import { MINUTE_MS } from '../lib/duration.js';
import type { CompiledSlo } from '../sli/compile-slo.js';
import type { Database } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { isImportedSlice } from '../store/span-sink.js';
import { DuckdbReplayHistory } from './duckdb-replay-history.js';
import type { ArrivedSlice } from './replay.js';

const KNOWN = loadSql(import.meta.url, 'known-slice-keys.sql');
const INSERT = loadSql(import.meta.url, 'insert-slo-slices.sql');
/** Keys contain none: unit separator. */
const SEPARATOR = '\u001f';
/** A request is stored within this time of its arrival, or was refused: spans that arrived before are all there. */
const STORED_WITHIN_MS = MINUTE_MS;
const FAR_MINUTE = 2 ** 31 - 1;
const ROWS_AT_ONCE = 10_000;

/**
 * The count of new SLOs from spans that were stored before they came. Most of it is read while exports go on (`begin`); what has arrived since is
 * read while none is under way (`finish`), so that no span counts twice and none is missed.
 */
export class Backfill {
  readonly #database: Database;
  readonly #history: DuckdbReplayHistory;
  readonly #slos: readonly CompiledSlo[];
  readonly #fromMinute: number;
  readonly #slices: ArrivedSlice[] = [];

  private constructor(database: Database, slos: readonly CompiledSlo[], fromMinute: number) {
    this.#database = database;
    this.#history = new DuckdbReplayHistory(database);
    this.#slos = slos;
    this.#fromMinute = fromMinute;
  }

  /** Undefined where every SLO was counted before. `oldestMs`: arrival of the oldest request under way, or now. */
  static async begin(database: Database, slos: readonly CompiledSlo[], oldestMs: number): Promise<Backfill | undefined> {
    // Shares, mean durations and whole traces are not in the columns that a recount reads; composite objectives are counted by their parts.
    const counted = slos.filter(({ parts, measure, journey }) => parts === undefined && measure === undefined && journey === undefined);
    if (counted.length === 0) return undefined;
    const rows = await database.query({ sql: KNOWN, params: { slice_keys: counted.map(({ sliceKey }) => sliceKey).join(SEPARATOR) } });
    const known = new Set(rows.map((row) => String(row['key'])));
    const fresh = counted.filter(({ sliceKey }) => !known.has(sliceKey));
    if (fresh.length === 0) return undefined;
    const backfill = new Backfill(database, fresh, Math.floor((oldestMs - STORED_WITHIN_MS) / MINUTE_MS));
    await backfill.#read(0, backfill.#fromMinute);
    return backfill;
  }

  /** While no export is under way. Resolves with what may page, when it is stored. */
  async finish(): Promise<readonly ArrivedSlice[]> {
    await this.#read(this.#fromMinute, FAR_MINUTE);
    const rows = this.#slices.map((slice) => ({ ...slice, imported: isImportedSlice(slice, 'grpc') }));
    const statements = [];
    for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) statements.push({ sql: INSERT, params: { rows: JSON.stringify(rows.slice(at, at + ROWS_AT_ONCE)) } });
    if (statements.length > 0) await this.#database.transaction(statements);
    return this.#slices.filter((slice) => !isImportedSlice(slice, 'grpc'));
  }

  async #read(fromMinute: number, toMinute: number): Promise<void> {
    for (const slo of this.#slos) this.#slices.push(...await this.#history.recount({ slo, fromMinute, toMinute, imported: false }));
  }
}
