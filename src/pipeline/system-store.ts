import { join } from 'node:path';
import type { ExportOutcome, ExportRequest } from '../ingest/absorber.js';
import { createLogDecoder, createTraceDecoder } from '../ingest/decoder.js';
import { totalsOf, type ServiceHygiene } from '../ingest/normalise-services.js';
import { createNormaliser, type Normaliser } from '../ingest/normaliser.js';
import { NO_REDACTION } from '../ingest/redact-compile.js';
import { redactorFor, rulesInForce, type Redactor } from '../ingest/redactor.js';
import type { Clock } from '../lib/clock.js';
import type { CompiledSlo } from '../sli/compile-slo.js';
import { GraphCounter } from '../sli/graph-counter.js';
import { OperationLimiter } from '../sli/operation-limiter.js';
import { MAX_GROUPS } from '../sli/slo-group.js';
import { createMeasurer, type Measurer } from '../sli/measurer.js';
import type { Row, Statement } from '../store/database.js';
import { openDatabase, type DatabaseOptions, type DuckdbDatabase } from '../store/duckdb-database.js';
import { loadSloSlices } from '../store/duckdb-slo-slices.js';
import { DuckdbSpanSink } from '../store/duckdb-span-sink.js';
import type { SloSliceColumns } from '../store/slo-slice-columns.js';
import type { GroupLimits } from '../store/system-group-commit.js';
import { Turns } from '../store/system-turns.js';
import { absorb, type AbsorbPorts } from './absorb.js';
import { Backfill } from './backfill.js';
import { judgeJourneys, type JudgedJourneys } from './journeys.js';
import { IngestTally } from './ingest-tally.js';
import type { ArrivedSlice } from './replay.js';
import { DATABASE_FILE, type Store, type StoreEvents, type StoreRules, type StoreStats } from './store.js';

/** Without rules nothing is counted and nothing redacted. */
export interface StoreOptions extends Partial<StoreRules> {
  /** `:memory:` is for tests. */
  readonly dataDir: string;
  readonly clock: Clock;
  readonly events?: StoreEvents;
  readonly database?: DatabaseOptions;
  readonly group?: GroupLimits;
}

/** The store in the thread that opens it. Opens no thread of its own, so that tests and `tocsin import` can hold it directly. */
export class SystemStore implements Store {
  readonly #database: DuckdbDatabase;
  readonly #sink: DuckdbSpanSink;
  readonly #turns: Turns;
  readonly #tally: IngestTally;
  readonly #normaliser = createNormaliser();
  readonly #graph = new GraphCounter();
  readonly #groups = new OperationLimiter(MAX_GROUPS);
  readonly #ports: AbsorbPorts;
  readonly #onCommit: StoreEvents['onCommit'];
  #redactor: Redactor;
  #journeys: readonly CompiledSlo[] = [];
  /** When whole traces were judged last. */
  #lookedMs = 0;
  #measurer: Measurer;
  #closing: Promise<void> | undefined;
  /** While rules change that need it, exports wait for this. */
  #changing: Promise<void> | undefined;
  readonly #absorbing = new Set<{ readonly receivedAtMs: number; readonly done: Promise<void> }>();

  private constructor(parts: { database: DuckdbDatabase; sink: DuckdbSpanSink; turns: Turns; tally: IngestTally; clock: Clock; onCommit: StoreEvents['onCommit'] }, rules: StoreRules) {
    this.#onCommit = parts.onCommit;
    this.#database = parts.database;
    this.#sink = parts.sink;
    this.#turns = parts.turns;
    this.#tally = parts.tally;
    this.#redactor = timedRedactor(redactorFor(rules.redaction), parts.tally);
    parts.tally.useRedactionRules(rulesInForce(rules.redaction));
    this.#measurer = timedMeasurer(createMeasurer(rules.slos, { graph: this.#graph, groups: this.#groups }), parts.tally);
    const { tally, sink } = parts;
    this.#ports = {
      traces: timed(createTraceDecoder(), tally), logs: timed(createLogDecoder(), tally), redactor: () => this.#redactor,
      normaliser: timedNormaliser(this.#normaliser, tally), measurer: () => this.#measurer, sink, tally, clock: parts.clock,
    };
  }

  /** @throws DatabaseUnavailableError when the file cannot be opened. */
  static async open({ dataDir, clock, slos = [], redaction = NO_REDACTION, events, database: settings, group }: StoreOptions): Promise<SystemStore> {
    const database = await openDatabase(dataDir === ':memory:' ? dataDir : join(dataDir, DATABASE_FILE), settings);
    const tally = new IngestTally();
    const turns = new Turns();
    const sink = await DuckdbSpanSink.open(database, {
      clock,
      turns,
      ...(group === undefined ? {} : { limits: group }),
      onCommit: (news) => {
        tally.committed(news);
        events?.onCommit?.(news);
      },
    });
    const store = new SystemStore({ database, sink, turns, tally, clock, onCommit: (news) => events?.onCommit?.(news) }, { slos, redaction });
    // Rules may have come while Tocsin was not running.
    await store.useRules({ slos, redaction });
    return store;
  }

  async absorb(request: ExportRequest): Promise<ExportOutcome> {
    while (this.#changing !== undefined) await this.#changing;
    const outcome = this.#closing === undefined
      ? await this.#underWay(request, this.#turns.next().then(() => absorb(request, this.#ports)))
      : { kind: 'busy' as const, retryAfterMs: STOPPING_RETRY_MS, message: 'the service is stopping' };
    this.#tally.answered(request, outcome);
    return outcome;
  }

  async #underWay<T>({ receivedAtMs }: ExportRequest, work: Promise<T>): Promise<T> {
    const entry = { receivedAtMs, done: work.then(nothing, nothing) };
    this.#absorbing.add(entry);
    try {
      return await work;
    } finally {
      this.#absorbing.delete(entry);
    }
  }

  query(statement: Statement): Promise<Row[]> {
    return this.#database.query(this.#sink.narrowed(statement));
  }

  transaction(statements: readonly Statement[]): Promise<void> {
    return this.#database.transaction(statements);
  }

  async useRules(rules: StoreRules): Promise<readonly ArrivedSlice[]> {
    let isTaken = false;
    const take = (): void => {
      if (!isTaken) this.#take(rules);
      isTaken = true;
    };
    try {
      const oldestMs = Math.min(this.#ports.clock.nowMs(), ...[...this.#absorbing].map(({ receivedAtMs }) => receivedAtMs));
      const backfill = await Backfill.begin(this.#database, rules.slos, oldestMs);
      return backfill === undefined ? [] : await this.#whileNothingIsUnderWay(() => backfill.finish().finally(take));
    } finally {
      // Whatever became of the past, the rules count from now on.
      take();
    }
  }

  /** Exports wait meanwhile; they are not refused. */
  async #whileNothingIsUnderWay<T>(work: () => Promise<T>): Promise<T> {
    while (this.#changing !== undefined) await this.#changing;
    const change = this.#settled().then(work);
    this.#changing = change.then(nothing, nothing);
    try {
      return await change;
    } finally {
      this.#changing = undefined;
    }
  }

  async #settled(): Promise<void> {
    await this.#begun();
    const underWay = [...this.#absorbing].map(({ done }) => done);
    await Promise.all([this.#sink.drain(), ...underWay]);
  }

  /** All exports that have come have had their turn: what is left of them waits for its commit. */
  #begun(): Promise<void> {
    return this.#turns.next();
  }

  #take({ slos, redaction }: StoreRules): void {
    this.#journeys = slos.filter(({ journey }) => journey !== undefined);
    this.#redactor = timedRedactor(redactorFor(redaction), this.#tally);
    this.#tally.useRedactionRules(rulesInForce(redaction));
    this.#measurer = timedMeasurer(createMeasurer(slos, { graph: this.#graph, groups: this.#groups }), this.#tally);
  }

  async judgeJourneys(): Promise<void> {
    if (this.#journeys.length === 0) return;
    const startedMs = performance.now();
    const nowMs = this.#ports.clock.nowMs();
    const tell = ({ live, oldestReceivedAtMs }: JudgedJourneys): void =>
      this.#onCommit?.({ committedAtMs: nowMs, tookMs: performance.now() - startedMs, oldestReceivedAtMs, exports: 0, spans: 0, logs: 0, sloSlices: live });
    await judgeJourneys(this.#database, this.#journeys, { nowMs, lookedMs: this.#lookedMs, tell });
    this.#lookedMs = nowMs;
  }

  loadSloSlices(sinceMinute: number): Promise<SloSliceColumns> {
    return loadSloSlices(this.#database, sinceMinute);
  }

  stats(): Promise<StoreStats> {
    return Promise.resolve({ ...this.#tally.stats(), hygiene: totalsOf(this.#normaliser.report()), database: this.#database.health() });
  }

  hygiene(): Promise<readonly ServiceHygiene[]> {
    return Promise.resolve(this.#normaliser.report());
  }

  close(): Promise<void> {
    this.#closing ??= this.#begun().then(() => this.#sink.drain()).then(() => this.#database.close());
    return this.#closing;
  }
}

function nothing(): void {
  // Told where it was asked for.
}

/** Long enough for a restart. */
const STOPPING_RETRY_MS = 5_000;

function timed<Input, Output>(decoder: { decode(input: Input): Output }, tally: IngestTally): { decode(input: Input): Output } {
  return {
    decode(input) {
      const startedMs = performance.now();
      const output = decoder.decode(input);
      tally.took('decode', performance.now() - startedMs);
      return output;
    },
  };
}

function timedRedactor(redactor: Redactor, tally: IngestTally): Redactor {
  const timedRun = <Result>(run: () => Result): Result => {
    const startedMs = performance.now();
    const result = run();
    tally.took('redact', performance.now() - startedMs);
    return result;
  };
  return { spans: (batch) => timedRun(() => redactor.spans(batch)), logs: (batch) => timedRun(() => redactor.logs(batch)) };
}

function timedNormaliser(normaliser: Normaliser, tally: IngestTally): Normaliser {
  const timedRun = <Batch>(run: () => Batch): Batch => {
    const startedMs = performance.now();
    const batch = run();
    tally.took('normalise', performance.now() - startedMs);
    return batch;
  };
  return { spans: (batch, arrival) => timedRun(() => normaliser.spans(batch, arrival)), logs: (batch) => timedRun(() => normaliser.logs(batch)), report: () => normaliser.report() };
}

function timedMeasurer(measurer: Measurer, tally: IngestTally): Measurer {
  return {
    measure(batch, arrivalMinute) {
      const startedMs = performance.now();
      const measured = measurer.measure(batch, arrivalMinute);
      tally.took('measure', performance.now() - startedMs);
      return measured;
    },
  };
}

export function openStore(options: StoreOptions): Promise<SystemStore> {
  return SystemStore.open(options);
}
