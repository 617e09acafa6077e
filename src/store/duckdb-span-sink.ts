import { randomInt } from 'node:crypto';
import type { ExportOutcome, ExportRequest } from '../ingest/absorber.js';
import type { Clock } from '../lib/clock.js';
import type { SloSlice } from '../sli/slice.js';
import type { SpanBatch } from '../trace/span-batch.js';
import { DIGEST_RETENTION_MS, type Digest } from './digest-index.js';
import { HotArrivals } from './hot-arrivals.js';
import type { Statement } from './database.js';
import type { DuckdbDatabase, WriteConnection } from './duckdb-database.js';
import { LogColumns } from './duckdb-log-columns.js';
import { NewResources } from './duckdb-new-resources.js';
import {
  appendDigest, appendGraphSlices, appendJourneys, appendLedger, appendRedSlices, appendSloSlices, newDigestAppender, newGraphSliceAppender, newJourneyAppender, newLedgerAppender, newRedSliceAppender,
  newSloSliceAppender,
} from './duckdb-slice-rows.js';
import { runStatement } from './duckdb-statement.js';
import { ROW_GROUP_ROWS } from './duckdb-file.js';
import { SpanColumns, type Arrival } from './duckdb-span-columns.js';
import { olderArrivals, rememberedSinceMs, storedSpanIds } from './duckdb-stored-span-ids.js';
import { loadSql } from './fs-sql.js';
import { groupGraphSlices, groupRedSlices, groupSloSlices } from './group-slices.js';
import type { LedgerEntry } from './ledger.js';
import { resentSinceMs } from './resend-window.js';
import { SinkAnswers } from './sink-answers.js';
import type { Admission, Claim } from './span-index.js';
import { acceptedCount, admittedCount, type AdmittedExport, type CommitNews, type SpanSink } from './span-sink.js';
import { GroupCommit, type GroupLimits } from './system-group-commit.js';
import { Turns } from './system-turns.js';

/** A few milliseconds of work. */
const ROWS_OF_TURN = 1_024;
const MAX_SEED = 2 ** 32;
const LOAD_DIGESTS = loadSql(import.meta.url, 'load-digests.sql');

export interface SpanSinkOptions {
  readonly clock: Clock;
  readonly onCommit?: (news: CommitNews) => void;
  readonly limits?: GroupLimits;
  /** Those of the thread, in which exports are begun as well. */
  readonly turns?: Turns;
}

/** Everything one transaction writes, worked out before it begins. */
interface Group {
  readonly exports: readonly AdmittedExport[];
  readonly slices: { readonly live: readonly SloSlice[]; readonly imported: readonly SloSlice[] };
  readonly resources: ReturnType<NewResources['of']>;
  readonly ledger: readonly LedgerEntry[];
}

/**
 * Spans, logs, slices, ledger and digests of a group of exports in one transaction. DuckDB writes and syncs its log (fsync) before
 * COMMIT returns, so what is answered is on disk.
 */
export class DuckdbSpanSink implements SpanSink {
  readonly #database: DuckdbDatabase;
  readonly #options: SpanSinkOptions;
  readonly #turns: Turns;
  readonly #answers: SinkAnswers;
  readonly #groups: GroupCommit<AdmittedExport>;
  readonly #arrivals = new HotArrivals();
  #isPrepared = false;
  readonly #resources = new NewResources();
  readonly #bulk = new SpanColumns('spans_bulk');
  readonly #fresh = new SpanColumns('spans_fresh');
  readonly #logs = new LogColumns();
  readonly #sloSlices = newSloSliceAppender();
  readonly #redSlices = newRedSliceAppender();
  readonly #graphSlices = newGraphSliceAppender();
  readonly #journeys = newJourneyAppender();
  readonly #ledger = newLedgerAppender();
  readonly #digests = newDigestAppender();

  private constructor(database: DuckdbDatabase, options: SpanSinkOptions) {
    this.#database = database;
    this.#options = options;
    this.#turns = options.turns ?? new Turns();
    this.#answers = new SinkAnswers({ seed: { high: randomInt(MAX_SEED), low: randomInt(MAX_SEED) } });
    this.#groups = new GroupCommit((group) => this.#commit(group), options.limits, () => this.#turns.areWaitedFor);
  }

  static async open(database: DuckdbDatabase, options: SpanSinkOptions): Promise<DuckdbSpanSink> {
    const sink = new DuckdbSpanSink(database, options);
    await database.prepareWriter((writer) => sink.#prepare(writer));
    // Until it is known, and where that fails, they are read as a whole.
    void sink.#arrivals.readOlder(olderArrivals(database)).catch(() => undefined);
    return sink;
  }

  recall(digest: Digest, request: ExportRequest): Promise<ExportOutcome> | undefined {
    return this.#answers.recall(digest, request);
  }

  admit(batch: SpanBatch, receivedAtMs: number): Promise<Admission> | Admission {
    return this.#answers.admit(batch, receivedAtMs);
  }

  abandon(claim: Claim): void {
    this.#answers.spans.settle(claim, false);
  }

  store(admitted: AdmittedExport): Promise<ExportOutcome> {
    return this.#answers.follow(admitted, this.#groups.add(admitted, admittedCount(admitted)));
  }

  /** The statement, reading no more of the hot spans than its traces may have. */
  narrowed(statement: Statement): Statement {
    return this.#arrivals.narrowed(statement);
  }

  /** Also writes the ledger of duplicates that no commit has carried yet. */
  async drain(): Promise<void> {
    await this.#groups.drain();
    await this.#commit([]).catch(() => undefined);
  }

  async #commit(exports: readonly AdmittedExport[]): Promise<void> {
    const startedMs = performance.now();
    const ledger = this.#answers.takeLedger(exports);
    if (ledger.entries.length === 0 && exports.length === 0) return;
    const group = { exports, slices: groupSloSlices(exports), resources: this.#resources.of(exports), ledger: ledger.entries };
    try {
      await this.#database.inTransaction((writer) => this.#write(writer, group));
    } catch (error) {
      for (const part of this.#parts()) part.abort();
      ledger.giveBack();
      throw error;
    }
    this.#resources.remember(group.resources);
    void this.#arrivals.lookForOlder(this.#database, this.#options.clock.nowMs()).catch(() => undefined);
    if (exports.length > 0) this.#options.onCommit?.(this.#news(group, performance.now() - startedMs));
  }

  async #write(writer: WriteConnection, group: Group): Promise<void> {
    await this.#resources.insert(writer, group.resources);
    for (const appender of this.#appenders()) appender.open(writer.raw);
    await this.#writeSpans(group.exports);
    for (const admitted of group.exports) {
      if (admitted.logs !== undefined) this.#logs.append(admitted.logs, arrivalOf(admitted));
      appendDigest(this.#digests, admitted, acceptedCount(admitted));
      appendJourneys(this.#journeys, admitted);
    }
    appendSloSlices(this.#sloSlices, group.slices.live, false);
    appendSloSlices(this.#sloSlices, group.slices.imported, true);
    appendRedSlices(this.#redSlices, groupRedSlices(group.exports));
    appendGraphSlices(this.#graphSlices, groupGraphSlices(group.exports));
    appendLedger(this.#ledger, group.ledger);
    for (const appender of this.#appenders()) appender.close();
  }

  /** As many whole row groups as there are, and the rest. Some rows in each turn of the event loop: whoever reads meanwhile waits for those, and not for the group. */
  async #writeSpans(exports: readonly AdmittedExport[]): Promise<void> {
    const count = exports.reduce((sum, { spans }) => sum + (spans?.count ?? 0), 0);
    let bulk = count - (count % ROW_GROUP_ROWS);
    let ofTurn = 0;
    for (const { admitted, spans, from, to } of piecesOf(exports)) {
      const middle = from + Math.min(bulk, to - from);
      this.#arrivals.add(spans, admitted.receivedAtMs, { from, to });
      this.#bulk.append(spans, arrivalOf(admitted), { from, to: middle });
      this.#fresh.append(spans, arrivalOf(admitted), { from: middle, to });
      bulk -= middle - from;
      ofTurn += to - from;
      if (ofTurn < ROWS_OF_TURN) continue;
      await this.#turns.first();
      ofTurn = 0;
    }
  }

  #appenders() {
    return [this.#bulk.appender, this.#fresh.appender, this.#logs.appender, this.#sloSlices, this.#redSlices, this.#graphSlices, this.#journeys, this.#ledger, this.#digests];
  }

  #parts() {
    return [...this.#appenders(), this.#resources];
  }

  #news(group: Group, tookMs: number): CommitNews {
    const count = (of: (admitted: AdmittedExport) => number): number => group.exports.reduce((sum, admitted) => sum + of(admitted), 0);
    return {
      committedAtMs: this.#options.clock.nowMs(),
      tookMs,
      oldestReceivedAtMs: Math.min(...group.exports.map((admitted) => admitted.receivedAtMs)),
      exports: group.exports.length,
      spans: count((admitted) => admitted.spans?.count ?? 0),
      logs: count((admitted) => admitted.logs?.count ?? 0),
      sloSlices: group.slices.live,
    };
  }

  /** Also after the file was opened anew: a commit that failed may have reached the disk all the same, and then its digest tells. */
  async #prepare(writer: WriteConnection): Promise<void> {
    await this.#resources.prepare(writer);
    const nowMs = this.#options.clock.nowMs();
    const resentMs = await resentSinceMs((statement) => runStatement(writer.connection, statement), nowMs);
    const sinceMs = await rememberedSinceMs(writer, resentMs);
    // What was known of arrivals stays right when the file is opened anew.
    if (!this.#isPrepared) this.#arrivals.begin(sinceMs);
    const stored = storedSpanIds(writer, sinceMs);
    await this.#answers.spans.reload(this.#isPrepared ? stored : this.#arrivals.noting(stored), nowMs);
    this.#isPrepared = true;
    const rows = await runStatement(writer.connection, { sql: LOAD_DIGESTS, params: { since_ms: resentMs } });
    const downMs = nowMs - DIGEST_RETENTION_MS - resentMs;
    // As if they had come later by the time that Tocsin was down.
    for (const row of rows) {
      const digest = hex16(row['digest_high'] as bigint) + hex16(row['digest_low'] as bigint);
      this.#answers.digests.add(digest, {
        arrivalMs: Math.min(nowMs, Number(row['arrival_ms']) + downMs), accepted: row['admitted'] as number, rejected: row['rejected'] as number, message: row['message'] as string,
      });
    }
  }
}

/** Their spans, in pieces of at most ROWS_OF_TURN. */
function* piecesOf(exports: readonly AdmittedExport[]): Generator<{ readonly admitted: AdmittedExport; readonly spans: SpanBatch; readonly from: number; readonly to: number }> {
  for (const admitted of exports) {
    const { spans } = admitted;
    if (spans === undefined) continue;
    for (let from = 0; from < spans.count; from += ROWS_OF_TURN) yield { admitted, spans, from, to: Math.min(spans.count, from + ROWS_OF_TURN) };
  }
}

function arrivalOf({ receivedAtMs, protocol }: AdmittedExport): Arrival {
  return { arrivalMs: receivedAtMs, imported: protocol === 'import' };
}

function hex16(key: bigint): string {
  return key.toString(16).padStart(16, '0');
}
