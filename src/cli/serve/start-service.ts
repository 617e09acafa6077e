import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { createAuthorizer } from '../../access/authorize.js';
import type { Token } from '../../access/tokens.js';
import { contentsOf } from '../../config/fs-rules-watcher.js';
import { publicUrlOf, type Settings } from '../../config/settings.js';
import { DuckdbIncidentReader } from '../../incident/duckdb-incident-reader.js';
import { ByteBudget } from '../../ingest/byte-budget.js';
import { startGrpcOtlpReceiver } from '../../ingest/grpc-otlp-receiver.js';
import { startHttpOtlpReceiver } from '../../ingest/http-otlp-receiver.js';
import { IngestCounters } from '../../ingest/ingest-counters.js';
import { RECEIVER_LIMITS, type Receiver, type ReceiverOptions } from '../../ingest/receiver.js';
import type { DeliveryId } from '../../lib/ids.js';
import { systemClock } from '../../lib/system-clock.js';
import { roundsOf } from './rounds.js';
import { DuckdbEvidenceReader } from '../../pipeline/duckdb-evidence-reader.js';
import { MemoryCharges } from '../../pipeline/memory-charges.js';
import { DuckdbCohortReader } from '../../pipeline/duckdb-cohort-reader.js';
import { DuckdbBurnedByReader } from '../../pipeline/duckdb-burned-by-reader.js';
import { DuckdbReplayHistory } from '../../pipeline/duckdb-replay-history.js';
import { DEAD_LETTERS_LISTED, type DeadLetters } from '../../notify/dead-letters.js';
import { DuckdbDecisionReader } from '../../notify/duckdb-decision-reader.js';
import { DuckdbOutbox } from '../../notify/duckdb-outbox.js';
import type { RuleBook } from '../../pipeline/fs-rule-book.js';
import type { IngestStats } from '../../pipeline/ingest-tally.js';
import { PrometheusMetrics } from '../../pipeline/prometheus-metrics.js';
import { SloEventCounter } from '../../pipeline/slo-event-counter.js';
import { StoreClient } from '../../pipeline/system-store-client.js';
import { TickJob } from '../../pipeline/tick.job.js';
import { DuckdbObservedOperationReader } from '../../query/duckdb-observed-operation-reader.js';
import { DuckdbServiceReader } from '../../query/duckdb-service-reader.js';
import { DuckdbSloHistoryReader } from '../../query/duckdb-slo-history-reader.js';
import { DuckdbErasureBook } from '../../query/duckdb-erasure-book.js';
import { DuckdbChangeBook } from '../../query/duckdb-change-book.js';
import { DuckdbSloRevisionReader } from '../../query/duckdb-slo-revision-reader.js';
import { DuckdbMetricsReader } from '../../query/duckdb-metrics-reader.js';
import { DuckdbSpanMetrics } from '../../query/duckdb-span-metrics.js';
import { DuckdbSnapshotReader } from '../../pipeline/duckdb-snapshot-reader.js';
import { DuckdbSurveyReader } from '../../query/duckdb-survey-reader.js';
import { DuckdbTagReader } from '../../query/duckdb-tag-reader.js';
import { DuckdbTopologyReader } from '../../query/duckdb-topology-reader.js';
import { DuckdbTraceReader } from '../../query/duckdb-trace-reader.js';
import type { Readers } from '../../query/readers.js';
import { storedUserReader } from '../../query/stored-user.js';
import { settleArchivePlace } from '../../store/archive/archive-place.js';
import { ArchivedSpans } from '../../store/archive/duckdb-archived-spans.js';
import { BackgroundTurns } from '../../store/background-turns.js';
import { archiverOf } from './archiver-of.js';
import { CouldNotRun } from '../command.js';
import { archiveParts, freeBytesOf, type ArchiveParts } from '../archive-parts.js';
import { qualityParts } from './quality-parts.js';
import { tocsinVersion } from '../tocsin-version.js';
import { alertmanagerPorts, drillActions, incidentActions, silenceActions } from './alerting-ports.js';
import { AppModule, type AppParts } from './app.module.js';
import { slackButtons, slackSocket } from './slack-buttons.js';
import { CleanupStack } from './cleanup-stack.js';
import { addStorageMetrics } from './storage-metrics.js';
import { addDrillMetrics } from './drill-metrics.js';
import { addIngestMetrics } from './ingest-metrics.js';
import { ingestReader } from './ingest-reader.js';
import { Judgement } from './judgement.js';
import { ruleDirectories } from './live-rules.js';
import { startSelfTracing, traced } from './otel-self-tracing.js';
import { ingestAccess, pageAccess } from './page-access.js';
import { addSloMetrics } from './slo-metrics.js';
import { rulesOrProblems, tlsOf, tokensOrProblems, warnOfMissingToken } from './start-files.js';

export interface ServiceAddresses {
  readonly http: string;
  readonly otlpGrpc: string;
  readonly otlpHttp: string;
}

export interface RunningService {
  readonly addresses: ServiceAddresses;
  stop(): Promise<void>;
}

export interface ServiceInput {
  readonly settings: Settings;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: Logger;
  /** The store's thread died: nothing can be accepted any more. */
  readonly onFatal: (error: Error) => void;
}

/** The service from nothing to listening. What is started is stopped in reverse, also when a later part cannot start. */
export async function startService(input: ServiceInput): Promise<RunningService> {
  const cleanup = new CleanupStack();
  try {
    const addresses = await new Start(input, cleanup, await archiveParts(input.settings)).run();
    return { addresses, stop: () => cleanup.run(input.log) };
  } catch (error) {
    await cleanup.run(input.log);
    throw error;
  }
}

const MAX_PAGE_BODY_BYTES = 1 << 20;
const STOP_GRACE_MS = 5_000;

/** The one place where parts meet, in the order in which they need each other. */
class Start {
  readonly #input: ServiceInput;
  readonly #cleanup: CleanupStack;
  readonly #metrics = new PrometheusMetrics();
  readonly #counters = new IngestCounters();
  readonly #sloEvents = new SloEventCounter();
  readonly #archiveParts: ArchiveParts;
  #tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  #httpPort: number;
  #judgement: Judgement | undefined;
  #tick: TickJob | undefined;
  #stats: IngestStats | undefined;
  #ready: ServiceAddresses | undefined;

  constructor(input: ServiceInput, cleanup: CleanupStack, archive: ArchiveParts) {
    this.#input = input;
    this.#cleanup = cleanup;
    this.#httpPort = input.settings.http.port;
    this.#archiveParts = archive;
  }

  async run(): Promise<ServiceAddresses> {
    const { settings, log } = this.#input;
    // Before they are read: what is written meanwhile is a change.
    const contents = await contentsOf(ruleDirectories(settings));
    const book = await rulesOrProblems(settings, log);
    const tokens = await tokensOrProblems(settings);
    this.#tls = tlsOf(settings);
    const store = await this.#openStore(book);
    const turns = new BackgroundTurns({ isBusy: () => store.pendingBytes > 0, pause: (ms) => sleep(ms, undefined, { ref: false }), nowMs: () => performance.now() });
    const judgement = await Judgement.resume({
      settings, store, turns, metrics: this.#metrics, clock: systemClock, log,
      publicUrl: () => publicUrlOf(settings, this.#httpPort),
      requestEarlyTick: () => this.#tick?.requestEarlyTick(),
      requestTickAt: (atMs) => this.#tick?.requestTickAt(atMs),
      refusals: () => this.#counters.refusedForWantOfRoom,
      freeBytes: () => freeBytesOf(settings.dataDir, this.#archiveParts.storage),
    }, book);
    this.#judgement = judgement;
    addSloMetrics(this.#metrics, { engine: judgement.engine, events: this.#sloEvents, version: tocsinVersion() });
    addStorageMetrics(this.#metrics, () => judgement.storage.figures);
    addDrillMetrics(this.#metrics, () => judgement.engine.lastDrillStatuses());
    await this.#servePages({ store, turns, judgement, tokens });
    this.#cleanup.push('work in the background', () => {
      turns.close();
      return Promise.resolve();
    });
    await judgement.dispatcher.start();
    this.#cleanup.push('dispatcher', () => judgement.dispatcher.stop(STOP_GRACE_MS));
    this.#listenToSlack(judgement);
    await judgement.rules.watch(contents);
    this.#cleanup.push('rules watcher', () => judgement.rules.close());
    const ports = await this.#receive(store, tokens);
    await this.#traceSelf([ports.grpc, ports.http]);
    warnOfMissingToken(book, settings, log);
    log.info({ slos: book.slos.length, runbooks: book.runbooks.length }, 'ready');
    return this.#becomeReady(ports);
  }

  #listenToSlack(judgement: Judgement): void {
    const { settings, log } = this.#input;
    const socket = slackSocket(slackButtons(judgement, settings, log), settings, { log, metrics: this.#metrics });
    if (socket === undefined) return;
    socket.start();
    this.#cleanup.push('connection to Slack', () => {
      socket.stop();
      return Promise.resolve();
    });
  }

  async #openStore(book: RuleBook): Promise<StoreClient> {
    const store = await StoreClient.start({ dataDir: this.#input.settings.dataDir, slos: book.slos, redaction: book.redaction }, {
      onCommit: (news) => {
        this.#sloEvents.committed(news.sloSlices);
        this.#judgement?.engine.committed(news, systemClock.nowMs());
      },
      onFatal: this.#input.onFatal,
    });
    this.#cleanup.push('store', () => store.close());
    await this.#settleArchive(store);
    addIngestMetrics(this.#metrics, { counters: this.#counters, store, stats: () => this.#stats });
    return store;
  }

  /** @throws CouldNotRun where the archive is not there. A bucket that does not answer keeps nobody from being paged: the archiver asks it again. */
  async #settleArchive(store: StoreClient): Promise<void> {
    const problem = await settleArchivePlace(store, this.#archiveParts).catch((error: unknown) => {
      this.#input.log.warn({ err: error }, 'the archive does not answer; spans stay in the database until it does');
      return undefined;
    });
    if (problem !== undefined) throw new CouldNotRun(problem);
  }

  async #servePages(parts: PageParts): Promise<void> {
    const { http } = this.#input.settings;
    const adapter = new FastifyAdapter({ ...(this.#tls === undefined ? {} : { https: this.#tls }), bodyLimit: MAX_PAGE_BODY_BYTES });
    const app = await NestFactory.create<NestFastifyApplication>(AppModule.register(this.#appParts(parts)), adapter, { logger: false, abortOnError: false, rawBody: true });
    this.#cleanup.push('pages', () => closePages(app));
    this.#tick = app.get(TickJob);
    await app.listen(http.port, http.host);
    this.#httpPort = (app.getHttpServer().address() as { readonly port: number }).port;
  }

  #appParts({ store, turns, judgement, tokens }: PageParts): AppParts {
    const { settings, log } = this.#input;
    const { engine } = judgement;
    const archived = new ArchivedSpans(store, this.#archiveParts);
    const quality = qualityParts({ settings, store, archived, turns, log, book: () => judgement.rules.book, signatures: () => judgement.signatures.all(), publicUrl: () => publicUrlOf(settings, this.#httpPort) });
    const spanMetrics = new DuckdbSpanMetrics(store, systemClock.nowMs());
    this.#metrics.addFamilies(() => spanMetrics.families());
    return {
      alertmanager: alertmanagerPorts(engine), slackButtons: slackButtons(judgement, settings, log),
      ui: {
        readers: readersOf({ store, archived, judgement, counters: this.#counters, userAttributes: settings.userAttributes }),
        quality: quality.service,
        traceRead: (read) => quality.reads.record(read),
        signatureActions: signatureActionsOf(judgement),
        decisions: new DuckdbDecisionReader(store),
        silences: silenceActions(engine),
        drills: drillActions(engine),
        deadLetters: deadLettersOf(store, judgement),
        actions: incidentActions(engine),
        runbookFor: (incident, pattern) => Promise.resolve(judgement.runbookOf(incident, pattern)),
        ruleProblems: () => judgement.rules.problems,
        access: pageAccess(createAuthorizer({ settings, tokens }), tokens !== undefined),
        address: this.#pageAddress(), links: settings.links,
        otlp: this.#otlpAddresses(),
        reportError: (error, path) => log.error({ err: error, path }, 'a page failed'),
      },
      self: {
        metrics: this.#metrics,
        ready: () => (this.#ready === undefined ? undefined : { ...this.#ready }),
        ruleProblems: () => judgement.rules.problems,
        drills: () => engine.lastDrillStatuses(),
        refresh: async () => { [this.#stats] = await Promise.all([store.stats(), spanMetrics.refresh(systemClock.nowMs())]); },
      },
      tick: {
        engine, intervalMs: settings.evaluationIntervalMs, clock: systemClock, metrics: this.#metrics,
        traced: (work) => traced('tick', {}, work),
        onError: (error) => log.error({ err: error }, 'an evaluation failed; the next one tries again'),
      },
      rounds: roundsOf(judgement, log),
      qualityWatch: { watch: judgement.watch, clock: systemClock, onError: (error) => { if (!turns.isClosed) log.error({ err: error }, 'the quality of the traces could not be watched; the next round tries again'); } },
      quality: {
        quality: quality.service, keepReads: () => quality.reads.flush(), schedule: settings.qualityReport, clock: systemClock, announce: quality.announce, announceAudit: quality.announceAudit,
        onError: (error) => { if (!turns.isClosed) log.error({ err: error }, 'the trace-quality report failed'); },
      },
      maintenance: {
        database: store, archiver: archiverOf({ parts: this.#archiveParts, settings, store, judgement }), storage: judgement.storage, clock: systemClock, takesIn: (minute) => engine.takesIn(minute),
        onError: (error) => log.error({ err: error }, 'maintenance of the store failed'),
      },
    };
  }

  /** Asked for late: a port may be chosen by the system. */
  #pageAddress(): AppParts['ui']['address'] {
    const publicUrl = (): string => publicUrlOf(this.#input.settings, this.#httpPort);
    return { bindHost: this.#input.settings.http.host, get publicUrl() { return publicUrl(); } };
  }

  #otlpAddresses(): AppParts['ui']['otlp'] {
    const { settings } = this.#input;
    const ready = (): ServiceAddresses | undefined => this.#ready;
    return {
      get grpcUrl() { return ready()?.otlpGrpc ?? otlpUrl(settings, settings.otlp.grpcPort); },
      get httpUrl() { return ready()?.otlpHttp ?? otlpUrl(settings, settings.otlp.httpPort); },
    };
  }

  async #receive(store: StoreClient, tokens: readonly Token[] | undefined): Promise<{ readonly grpc: number; readonly http: number }> {
    const { settings, log } = this.#input;
    const options: Omit<ReceiverOptions, 'port'> = {
      host: settings.otlp.host, absorber: store, authorize: ingestAccess(createAuthorizer({ settings, tokens })), clock: systemClock,
      budget: new ByteBudget(RECEIVER_LIMITS.bytesInFlight, { senderShare: settings.otlp.senderShare }), counters: this.#counters,
      ...(this.#tls === undefined ? {} : { tls: this.#tls }),
      onFault: (error) => log.error({ err: error }, 'a receiver failed'),
    };
    const receivers: Receiver[] = [];
    // Beside each other: a slow sender on one must not take the other's share of the time that supervisors give.
    this.#cleanup.push('receivers', () => Promise.all(receivers.map((receiver) => receiver.close())));
    const grpc = await startGrpcOtlpReceiver({ ...options, port: settings.otlp.grpcPort });
    receivers.push(grpc);
    const http = await startHttpOtlpReceiver({ ...options, port: settings.otlp.httpPort });
    receivers.push(http);
    return { grpc: grpc.port, http: http.port };
  }

  async #traceSelf(ownOtlpPorts: readonly number[]): Promise<void> {
    const tracing = await startSelfTracing(this.#input.environment, ownOtlpPorts);
    this.#input.log.debug({ reason: tracing.reason }, 'self tracing');
    this.#cleanup.push('self tracing', () => tracing.stop());
  }

  #becomeReady(ports: { readonly grpc: number; readonly http: number }): ServiceAddresses {
    const { settings } = this.#input;
    this.#ready = { http: publicUrlOf({ ...settings, publicUrl: undefined }, this.#httpPort), otlpGrpc: otlpUrl(settings, ports.grpc), otlpHttp: otlpUrl(settings, ports.http) };
    this.#cleanup.push('readiness', () => {
      this.#ready = undefined;
      return Promise.resolve();
    });
    return this.#ready;
  }
}

interface PageParts {
  readonly store: StoreClient;
  readonly turns: BackgroundTurns;
  readonly judgement: Judgement;
  readonly tokens: readonly Token[] | undefined;
}

interface ReaderParts {
  readonly store: StoreClient;
  /** The same with the archive behind the hot store. */
  readonly archived: ArchivedSpans;
  readonly judgement: Judgement;
  readonly counters: IngestCounters;
  readonly userAttributes: readonly string[];
}

function readersOf({ store, archived, judgement: { engine, rules, signatures }, counters, userAttributes }: ReaderParts): Readers {
  return {
    clock: systemClock,
    slos: { statuses: () => engine.statuses(), slo: (name) => engine.slo(name) },
    history: new DuckdbSloHistoryReader(store),
    revisions: new DuckdbSloRevisionReader(store),
    changes: new DuckdbChangeBook(store),
    erasures: new DuckdbErasureBook(store),
    traces: new DuckdbTraceReader(archived),
    metrics: new DuckdbMetricsReader(archived),
    tags: new DuckdbTagReader(archived),
    surveys: new DuckdbSurveyReader(archived),
    versions: new DuckdbSnapshotReader(store),
    topology: new DuckdbTopologyReader(store),
    services: new DuckdbServiceReader(store),
    users: storedUserReader(userAttributes, () => rules.book.redaction),
    signatures,
    incidents: new DuckdbIncidentReader(store),
    ingest: ingestReader({ store, counters, clock: systemClock }),
    replay: new DuckdbReplayHistory(archived),
    burnedBy: new DuckdbBurnedByReader(archived),
    charged: new MemoryCharges(new DuckdbEvidenceReader(store), systemClock),
    cohorts: new DuckdbCohortReader(archived),
    operations: new DuckdbObservedOperationReader(store),
    gates: () => rules.book.gates,
  };
}

function signatureActionsOf({ signatures }: Judgement): AppParts['ui']['signatureActions'] {
  return {
    decide: async (id, decision, by) => (await signatures.decide(id, decision, { by, nowMs: systemClock.nowMs() })) !== undefined,
    merge: async (id, into, by) => (await signatures.merge(id, into, { by, nowMs: systemClock.nowMs() })) !== undefined,
  };
}

function deadLettersOf(store: StoreClient, { dispatcher }: Judgement): DeadLetters {
  const outbox = new DuckdbOutbox(store);
  return {
    list: () => outbox.rejected(DEAD_LETTERS_LISTED),
    async retry(id) {
      const outcome = await outbox.retry(id as DeliveryId, systemClock.nowMs());
      dispatcher.wake();
      return outcome;
    },
  };
}

/** A visitor who never finishes sending must not keep the service from stopping. */
async function closePages(app: NestFastifyApplication): Promise<void> {
  const server = app.getHttpServer();
  const deadline = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS);
  await app.close().finally(() => clearTimeout(deadline));
}

function otlpUrl(settings: Settings, port: number): string {
  return publicUrlOf({ ...settings, publicUrl: undefined, http: { host: settings.otlp.host, port } });
}
