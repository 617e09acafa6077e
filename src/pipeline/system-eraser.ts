import type { ArchiveStorage } from '../store/archive/archive-storage.js';
import { ArchivedSpans } from '../store/archive/duckdb-archived-spans.js';
import type { ArchiveGeneration } from '../store/archive/duckdb-known-files.js';
import type { CataloguedFile } from '../store/archive/archive-catalogue.js';
import type { DuckdbArchive } from '../store/archive/duckdb-archive.js';
import type { DuckdbLogArchive } from '../store/archive/duckdb-log-archive.js';
import { LOG_ATTRIBUTES } from '../store/archive/log-columns.js';
import { DAY_MS, HOUR_MS } from '../lib/duration.js';
import type { Database, Row, Statement } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { quoted } from '../store/literal-sql.js';
import { publishFile } from './archive-publish.js';

const FIND = loadSql(import.meta.url, 'find-erased-traces.sql');
const FIND_LOGS = loadSql(import.meta.url, 'find-erased-logs.sql');
const COUNT_HOT = loadSql(import.meta.url, 'count-erased-hot.sql');
const COUNT = loadSql(import.meta.url, 'count-erased.sql');
/** As far as whole milliseconds of Unix time go in SQL. */
const END_OF_TIME_MS = 9_000_000_000_000;
const TRACES_AT_ONCE = 1_000;

export interface EraserOptions {
  readonly database: Database;
  readonly archive: DuckdbArchive;
  readonly logs: DuckdbLogArchive;
  readonly storage: ArchiveStorage;
  readonly generation: ArchiveGeneration;
  /** What failures are remembered by beside their traces. */
  readonly signatures?: { erase(erasure: { readonly id: string; readonly value: string }): Promise<void> };
}

interface Erasure {
  readonly id: string;
  readonly attribute: string;
  readonly value: string;
  readonly state: string;
  readonly rewrittenMs: number;
}

/**
 * The right to erasure: whole traces in which a value comes up, hot and archived, with their log records. Each step is one transaction that also
 * writes how far it came, so that a crash is gone on from, and what is counted in the receipt is counted once.
 */
export class Eraser {
  readonly #options: EraserOptions;

  constructor(options: EraserOptions) {
    this.#options = options;
  }

  /** Not by one that only waits for the old files to go: they do so with time. */
  async isAsked(): Promise<boolean> {
    return (await this.#open()).some(({ state }) => state !== 'removing');
  }

  /** One that fails holds up no other; rejects at the end, and the next run tries it again. */
  async run(nowMs: number): Promise<undefined> {
    const failures: unknown[] = [];
    for (const erasure of await this.#open()) {
      try {
        if (erasure.state === 'asked') await this.#findTraces(erasure);
        if (erasure.state === 'asked' || erasure.state === 'erasing') await this.#erase(erasure, nowMs);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
    return undefined;
  }

  /** A receipt says "done" when the old files are gone too. */
  async finish(nowMs: number): Promise<void> {
    for (const { id } of await this.#open()) {
      await this.#options.database.transaction([
        { sql: `UPDATE erasures SET state = 'done', done_ms = $now_ms, value = '' WHERE id = $id AND state = 'removing' AND NOT EXISTS (SELECT 1 FROM archive_retired r WHERE r.at_ms <= erasures.rewritten_ms)`, params: { id, now_ms: nowMs } },
        { sql: `DELETE FROM erasing_traces WHERE erasure_id IN (SELECT e.id FROM erasures e WHERE e.state = 'done')` },
      ]);
    }
  }

  async #open(): Promise<readonly Erasure[]> {
    const rows = await this.#options.database.query({ sql: `SELECT id, attribute, value, state, coalesce(rewritten_ms, 0) AS rewritten_ms FROM erasures WHERE state <> 'done' ORDER BY asked_ms, id` });
    return rows.map((row) => ({ id: String(row['id']), attribute: String(row['attribute']), value: String(row['value']), state: String(row['state']), rewrittenMs: Number(row['rewritten_ms']) }));
  }

  async #findTraces({ id, attribute, value }: Erasure): Promise<void> {
    const { database } = this.#options;
    const key = quoted(attribute);
    // Events and links are looked at wherever there are any.
    const where = `(a."SpanAttributes"[${key}] IS NOT NULL OR a."ResourceAttributes"[${key}] IS NOT NULL OR len(a."Events") > 0 OR len(a."Links") > 0)`;
    const traces = new Map<string, Row>();
    for (const range of await this.#days()) {
      const found = await new ArchivedSpans(database, this.#options).query({ sql: ofAttribute(FIND, attribute), params: { value, ...range }, archive: { where } });
      for (const row of found) traces.set(keyOf(row), row);
    }
    for (const row of await database.query({ sql: ofAttribute(FIND_LOGS, attribute), params: { value } })) traces.set(keyOf(row), row);
    for (const row of await this.#tracesOfLogs({ attribute, value })) traces.set(keyOf(row), row);
    const rows = [...traces.values()];
    await database.transaction([
      { sql: 'DELETE FROM erasing_traces WHERE erasure_id = $id', params: { id } },
      ...insertTraces(id, rows),
      { sql: `UPDATE erasures SET state = 'erasing', traces = $traces WHERE id = $id`, params: { id, traces: rows.length } },
    ]);
  }

  async #tracesOfLogs(wanted: Pick<Erasure, 'attribute' | 'value'>): Promise<readonly Row[]> {
    const { logs, storage } = this.#options;
    const rows: Row[] = [];
    for (const file of await logs.catalogue.files()) rows.push(...await logs.tracesOf(await storage.local([file]), logHolds(wanted)));
    return rows;
  }

  /** All of time, a day of the archive after the other: files of a bucket are fetched to be read, and together they may not fit on this disk. */
  async #days(): Promise<readonly { readonly from_ms: number; readonly to_ms: number }[]> {
    const days = new Set((await this.#options.archive.catalogue.files()).map(({ hour }) => Math.floor((hour * HOUR_MS) / DAY_MS) * DAY_MS));
    const starts = [0, ...[...days].filter((day) => day > 0).sort((left, right) => left - right)];
    return starts.map((from_ms, index) => ({ from_ms, to_ms: starts[index + 1] ?? END_OF_TIME_MS }));
  }

  async #erase(erasure: Erasure, nowMs: number): Promise<void> {
    const { database, archive, logs, generation, signatures } = this.#options;
    await database.transaction(deleteHot(erasure)).finally(() => { generation.current += 1; });
    const rows = await database.query({ sql: 'SELECT DISTINCT file_id FROM archived_traces t SEMI JOIN (SELECT * FROM erasing_traces WHERE erasure_id = $id) e ON e.trace_id_low = t.trace_id_low AND e.trace_id_high = t.trace_id_high', params: { id: erasure.id } });
    const affected = new Set(rows.map((row) => row['file_id']));
    for (const file of await archive.catalogue.files()) if (affected.has(file.fileId)) await this.#rewrite(erasure, file, nowMs);
    for (const file of await logs.catalogue.files()) await this.#rewriteLogs(erasure, file, nowMs);
    // Behind the hot spans, so that none of them is read for an example afterwards.
    await signatures?.erase(erasure);
    await database.transaction([{ sql: `UPDATE erasures SET state = 'removing', rewritten_ms = $now_ms WHERE id = $id`, params: { id: erasure.id, now_ms: nowMs } }]);
  }

  async #rewrite({ id }: Erasure, old: CataloguedFile, nowMs: number): Promise<void> {
    const { archive, storage, generation } = this.#options;
    const sources = await storage.local([old]);
    const left = await archive.spansWithout(sources, id);
    const by = left === 0 ? undefined : await publishFile(storage, { signal: 'spans', hour: old.hour, nowMs }, (place) => archive.rewriteWithout(sources, id, place));
    if (by !== undefined && by.file.rows !== left) throw new Error(`${by.file.path} has ${by.file.rows} spans instead of ${left}: the file it was made of stays`);
    const receipt = { sql: 'UPDATE erasures SET archived_spans = archived_spans + $spans, files = files + 1 WHERE id = $id', params: { id, spans: old.rows - left } };
    await archive.catalogue.replace([old], { by, nowMs, more: [receipt] }).finally(() => { generation.current += 1; });
  }

  /** Every file of log records is looked through: what has the value need not name a trace. */
  async #rewriteLogs(erasure: Erasure, old: CataloguedFile, nowMs: number): Promise<void> {
    const { logs, storage, generation } = this.#options;
    const sources = await storage.local([old]);
    const erased = `(${ofErasedTrace(erasure)} OR ${logHolds(erasure)})`;
    const gone = await logs.count(sources, erased);
    if (gone === 0) return;
    const by = gone === old.rows ? undefined : await publishFile(storage, { signal: 'logs', hour: old.hour, nowMs }, (place) => logs.rewriteWithout(sources, erased, place));
    if (by !== undefined && by.file.rows !== old.rows - gone) throw new Error(`${by.file.path} has ${by.file.rows} log records instead of ${old.rows - gone}: the file it was made of stays`);
    const receipt = { sql: 'UPDATE erasures SET logs = logs + $records, files = files + 1 WHERE id = $id', params: { id: erasure.id, records: gone } };
    await logs.catalogue.replace([old], { by, nowMs, more: [receipt] }).finally(() => { generation.current += 1; });
  }
}

/** Whether an archived log record `a` has the value, or its resource `r`. */
function logHolds({ attribute, value }: Pick<Erasure, 'attribute' | 'value'>): string {
  return `(${holds(LOG_ATTRIBUTES, attribute, quoted(value))} OR ${holds('r.attributes', attribute, quoted(value))})`;
}

function ofErasedTrace({ id }: Erasure): string {
  return `a."TraceId" IN (SELECT printf('%016x%016x', trace_id_high, trace_id_low) FROM erasing_traces WHERE erasure_id = ${quoted(id)})`;
}

function keyOf(row: Row): string {
  return `${String(row['high'])} ${String(row['low'])}`;
}

function ofAttribute(template: string, attribute: string): string {
  return template.replaceAll(/\/\* (s\.attributes|r\.attributes|l\.attributes|element) \*\//g, (_, document: string) => holds(document === 'element' ? `json_extract(element, '/attributes')` : document, attribute));
}

/** Whether an object of attributes has the value, as text; of a list one of its elements. */
function holds(document: string, attribute: string, wanted = '$value'): string {
  const value = `json_extract(${document}, ${quoted(`/${attribute.replaceAll('~', '~0').replaceAll('/', '~1')}`)})`;
  return `(coalesce(${value} ->> '$' = ${wanted}, FALSE) OR coalesce(json_type(${value}) = 'ARRAY' AND list_contains(list_transform(from_json(${value}, '["JSON"]'), lambda one: one ->> '$'), ${wanted}), FALSE))`;
}

function insertTraces(id: string, rows: readonly Row[]): readonly Statement[] {
  const statements: Statement[] = [];
  for (let from = 0; from < rows.length; from += TRACES_AT_ONCE) {
    const values = rows.slice(from, from + TRACES_AT_ONCE).map((row) => `($id, ${String(row['high'])}::UBIGINT, ${String(row['low'])}::UBIGINT)`);
    statements.push({ sql: `INSERT INTO erasing_traces VALUES ${values.join(', ')}`, params: { id } });
  }
  return statements;
}

function deleteHot({ id, attribute, value }: Erasure): readonly Statement[] {
  const erased = (table: string): string => `EXISTS (SELECT 1 FROM erasing_traces e WHERE e.erasure_id = $id AND e.trace_id_low = ${table}.trace_id_low AND e.trace_id_high = ${table}.trace_id_high)`;
  const ofResource = (table: string): string => `EXISTS (SELECT 1 FROM resources r WHERE r.resource_id = ${table}.resource_id AND ${holds('r.attributes', attribute)})`;
  const ofLogs = (table: string): string => `${erased(table)} OR ${holds(`${table}.attributes`, attribute)} OR ${ofResource(table)}`;
  return [
    { sql: COUNT_HOT, params: { id } },
    { sql: COUNT.replace('/* logs */', () => ofLogs('l')), params: { id, value } },
    ...['spans_bulk', 'spans_fresh', 'pinned_traces', 'long_traces'].map((table) => ({ sql: `DELETE FROM ${table} WHERE ${erased(table)}`, params: { id } })),
    { sql: `DELETE FROM logs WHERE ${ofLogs('logs')}`, params: { id, value } },
  ];
}
