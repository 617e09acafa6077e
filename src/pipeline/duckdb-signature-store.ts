import { decodeDocument, encodeDocument } from '../lib/document-json.js';
import { MINUTE_MS } from '../lib/duration.js';
import type { TraceId } from '../lib/ids.js';
import type { TrackedSignature } from '../signature/tracked-signature.js';
import type { Database, Row, Statement } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { readHalves, readParts } from '../store/less-at-once.js';
import { traceIdOf } from '../store/trace-key.js';
import type { EvidenceReader } from './evidence-reader.js';
import { MAX_SIGNATURES } from './signature-book.js';
import type { FailedTraces, SignatureChanges, SignatureCount, SignatureMemory, SignatureStore } from './signature-store.js';

const sql = (name: string): string => loadSql(import.meta.url, `${name}.sql`);
/** What its attributes say of a server's answer. */
const FAULT = String.raw`(contains(attributes, 'status_code')
      AND regexp_matches(attributes, '"(http\.(response\.)?status_code"\s*:\s*5\d\d|rpc\.(grpc\.|response\.)?status_code"\s*:\s*"?(2|4|12|13|14|15|UNKNOWN|DEADLINE_EXCEEDED|UNIMPLEMENTED|INTERNAL|UNAVAILABLE|DATA_LOSS)\b)'))`;
const FAILED = sql('failed-traces').replaceAll('/* fault */ TRUE', () => FAULT);
const LOAD = sql('load-signatures');
const FIND = sql('find-signatures');
const OF_ERASURE = sql('find-erased-signatures');
const LOAD_COUNTS = sql('load-signature-counts');
const FIND_COUNTS = sql('find-signature-counts');
const LOAD_PROGRESS = sql('load-signature-progress');
const FORGET = sql('forget-signatures');
const STORE = sql('store-signatures');
const ADD_COUNTS = sql('add-signature-counts');
const FORGET_PROGRESS = sql('forget-signature-progress');
const STORE_PROGRESS = sql('store-signature-progress');
const TRIM = sql('delete-signature-counts');
const TRIM_SIGNATURES = sql('delete-quiet-signatures');

/** Traces read at a time; of more, each that is read stands for several. */
const TRACES_PER_READ = 200;
/** Signatures on disk; who makes up messages without end must not fill it. */
const MAX_STORED = 50_000;
/** A trace that failed this long ago already is not counted again when more of it arrives. */
const REMEMBERED_MS = 10 * MINUTE_MS;

export class DuckdbSignatureStore implements SignatureStore {
  readonly #database: Database;
  readonly #reader: Pick<EvidenceReader, 'tracesOf' | 'logsOf'>;

  constructor(database: Database, reader: Pick<EvidenceReader, 'tracesOf' | 'logsOf'>) {
    this.#database = database;
    this.#reader = reader;
  }

  async load(fromMinute: number): Promise<SignatureMemory> {
    const [documents, counts, [progress]] = await Promise.all([
      this.#database.query({ sql: LOAD, params: { limit: MAX_SIGNATURES } }), this.#database.query({ sql: LOAD_COUNTS, params: { from_minute: fromMinute } }), this.#database.query({ sql: LOAD_PROGRESS }),
    ]);
    return {
      signatures: documents.map((row) => decodeDocument<TrackedSignature>(String(row['document']))),
      counts: counts.map(countOf),
      progress: progress === undefined ? undefined : { sinceMs: Number(progress['since_ms']), readToMs: Number(progress['read_to_ms']) },
    };
  }

  async find(ids: readonly string[]): Promise<readonly TrackedSignature[]> {
    const rows = await this.#database.query({ sql: FIND, params: { ids: JSON.stringify(ids) } });
    return rows.map((row) => decodeDocument<TrackedSignature>(String(row['document'])));
  }

  async ofErasure({ id, value }: Parameters<SignatureStore['ofErasure']>[0]): ReturnType<SignatureStore['ofErasure']> {
    // As it stands in a document.
    const rows = await this.#database.query({ sql: OF_ERASURE, params: { id, value: JSON.stringify(value).slice(1, -1) } });
    return rows.map((row) => ({ signature: decodeDocument<TrackedSignature>(String(row['document'])), isExampleErased: row['erased'] === true }));
  }

  async countsOf(ids: readonly string[], fromMinute: number): Promise<readonly SignatureCount[]> {
    const rows = await this.#database.query({ sql: FIND_COUNTS, params: { ids: JSON.stringify(ids), from_minute: fromMinute } });
    return rows.map(countOf);
  }

  async save({ signatures, counts, progress }: SignatureChanges): Promise<void> {
    const statements: Statement[] = [];
    if (signatures.length > 0) {
      const rows = signatures.map((signature) => ({ id: signature.id, last_seen_ms: signature.lastSeenMs, document: encodeDocument(signature) }));
      statements.push({ sql: FORGET, params: { ids: JSON.stringify(signatures.map(({ id }) => id)) } }, { sql: STORE, params: { rows: JSON.stringify(rows) } });
    }
    if (counts.length > 0) statements.push({ sql: ADD_COUNTS, params: { rows: JSON.stringify(counts) } });
    if (progress !== undefined) statements.push({ sql: FORGET_PROGRESS }, { sql: STORE_PROGRESS, params: { since_ms: progress.sinceMs, read_to_ms: progress.readToMs } });
    if (statements.length > 0) await this.#database.transaction(statements);
  }

  /** Of fewer traces at a time where the database has no memory for all: what is read meanwhile must not keep failures from being counted. */
  async failedTraces(fromMs: number, toMs: number): Promise<FailedTraces> {
    const parts = await readParts(async ({ of, index }) => [await this.#database.query({ sql: FAILED, params: { from_ms: fromMs, to_ms: toMs, before_ms: REMEMBERED_MS, parts: of, part: index, limit: TRACES_PER_READ } })]);
    const count = parts.reduce((sum, rows) => sum + Number(rows[0]?.['trace_count'] ?? 0), 0);
    const sample = parts.flat().sort((left, right) => ((left['place'] as bigint) < (right['place'] as bigint) ? -1 : 1)).slice(0, TRACES_PER_READ);
    const ids = sample.map((row) => traceIdOf({ high: row['trace_id_high'] as bigint, low: row['trace_id_low'] as bigint }));
    return { count, traces: await readHalves(ids, (some) => this.#wholeTraces(some)) };
  }

  async #wholeTraces(ids: readonly TraceId[]): Promise<FailedTraces['traces']> {
    const [traces, logs] = [await this.#reader.tracesOf(ids), await this.#reader.logsOf(ids)];
    return ids.flatMap((id) => {
      const spans = traces.get(id);
      return spans === undefined ? [] : [{ spans, logs: logs.get(id) ?? [] }];
    });
  }

  trim(beforeMinute: number): Promise<void> {
    return this.#database.transaction([{ sql: TRIM, params: { before_minute: beforeMinute } }, { sql: TRIM_SIGNATURES, params: { limit: MAX_STORED } }]);
  }
}

function countOf(row: Row): SignatureCount {
  return { id: String(row['signature_id']), minute: Number(row['minute']), failures: Number(row['failures']) };
}
