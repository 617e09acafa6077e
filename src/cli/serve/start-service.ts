import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { createAuthorizer, type Authorizer } from '../../access/authorize.js';
import { loadTokens } from '../../access/fs-tokens.js';
import type { Token } from '../../access/tokens.js';
import { CoverageIndex } from '../../budget/coverage-index.js';
import { minuteOf } from '../../budget/minute-series.js';
import { SliceIndex } from '../../budget/slice-index.js';
import { publicUrlOf, type Settings } from '../../config/settings.js';
import type { Incident } from '../../incident/incident.js';
import { DuckdbIncidentReader } from '../../incident/duckdb-incident-reader.js';
import { ByteBudget } from '../../ingest/byte-budget.js';
import { startGrpcOtlpReceiver } from '../../ingest/grpc-otlp-receiver.js';
import { startHttpOtlpReceiver } from '../../ingest/http-otlp-receiver.js';
import { IngestCounters } from '../../ingest/ingest-counters.js';
import { RECEIVER_LIMITS, type ReceiverOptions } from '../../ingest/receiver.js';
import { formatProblem, type Problem } from '../../lib/problem.js';
import { systemClock } from '../../lib/system-clock.js';
import type { Delivery } from '../../notify/delivery.js';
import { DuckdbOutbox } from '../../notify/duckdb-outbox.js';
import { planDeliveries } from '../../notify/plan-deliveries.js';
import { Dispatcher } from '../../notify/system-dispatcher.js';
import { DuckdbEvaluationStore } from '../../pipeline/duckdb-evaluation-store.js';
import { DuckdbEvidenceReader } from '../../pipeline/duckdb-evidence-reader.js';
import { Engine } from '../../pipeline/engine.js';
import { loadRuleBook, type RuleBook } from '../../pipeline/fs-rule-book.js';
import { gatherEvidence } from '../../pipeline/gather-evidence.js';
import type { IngestStats } from '../../pipeline/ingest-tally.js';
import { PrometheusMetrics } from '../../pipeline/prometheus-metrics.js';
import { StoreClient } from '../../pipeline/system-store-client.js';
import { TickJob } from '../../pipeline/tick.job.js';
import { DuckdbServiceReader } from '../../query/duckdb-service-reader.js';
import { DuckdbSloHistoryReader } from '../../query/duckdb-slo-history-reader.js';
import { DuckdbTraceReader } from '../../query/duckdb-trace-reader.js';
import { findRunbook } from '../../runbook/find-runbook.js';
import { renderRunbookOrRaw } from '../../runbook/render-runbook.js';
import { runbookContextOf } from '../../runbook/runbook-context.js';
import { DuckdbUptime } from '../../store/duckdb-uptime.js';
import { sloMinutes } from '../../store/slo-slice-columns.js';
import type { RenderedRunbook, UiOptions } from '../../ui/ui-options.js';
import { AppModule } from './app.module.js';
import { CleanupStack } from './cleanup-stack.js';
import { addIngestMetrics } from './ingest-metrics.js';
import { LiveRules, longestWindowMinutes } from './live-rules.js';
import { startSelfTracing, traced } from './otel-self-tracing.js';

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

/** The rules, runbooks or tokens are not right; `serve` refuses to start with the list that `check` prints. */
export class ProblemsFound extends Error {
  override readonly name = 'ProblemsFound';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}

/** A page must not wait for its evidence longer than this: it goes out without and says so. */
const EVIDENCE_TIMEOUT_MS = 2_000;

/**
 * The whole service, from nothing to listening, in the order in which its parts need each other. One straight line on purpose:
 * what is started here is stopped in reverse by the cleanup stack, and there is no other place where parts meet.
 */
export async function startService(input: ServiceInput): Promise<RunningService> {
  const cleanup = new CleanupStack();
  try {
    const addresses = await start(input, cleanup);
    return { addresses, stop: () => cleanup.run(input.log) };
  } catch (error) {
    await cleanup.run(input.log);
    throw error;
  }
}

// eslint-disable-next-line max-lines-per-function -- the order of the parts is the point; splitting it would hide it
async function start({ settings, environment, log, onFatal }: ServiceInput, cleanup: CleanupStack): Promise<ServiceAddresses> {
  const clock = systemClock;
  const book = await rulesOrProblems(settings, log);
  const tokens = await tokensOrProblems(settings);
  const authorizer = createAuthorizer({ settings, tokens });
  const tls = tlsOf(settings);
  const metrics = new PrometheusMetrics();
  const slices = new SliceIndex();
  const coverage = new CoverageIndex();

  let engine: Engine | undefined;
  const store = await StoreClient.start({ dataDir: settings.dataDir, slos: book.slos }, {
    onCommit: (news) => engine?.committed(news, clock.nowMs()),
    onFatal,
  });
  cleanup.push('store', () => store.close());
  const nowMinute = minuteOf(clock.nowMs());
  const sinceMinute = nowMinute - longestWindowMinutes(book);
  for (const { slo, sliceKey } of book.slos) slices.track(sliceKey, slo);
  slices.add(sloMinutes(await store.loadSloSlices(sinceMinute)));
  for (const minute of await new DuckdbUptime(store).load(sinceMinute)) coverage.markCovered(minute);

  const outbox = new DuckdbOutbox(store);
  const evidenceReader = new DuckdbEvidenceReader(store);
  let dispatcher: Dispatcher | undefined;
  let tickJob: TickJob | undefined;
  engine = new Engine({
    store: new DuckdbEvaluationStore(store),
    gatherEvidence: async ({ sliceKey }, status) => {
      const compiled = rules.book.slos.find((slo) => slo.sliceKey === sliceKey);
      if (compiled === undefined) return undefined;
      const stop = metrics.evidenceDuration.startTimer();
      return inTime(gatherEvidence(evidenceReader, compiled, status), (error) => log.error({ err: error, slo: compiled.slo.name }, 'a page goes out without representative traces')).finally(stop);
    },
    planDeliveries: (transition, nowMs) => planDeliveries(transition, rules.book.routing, nowMs),
    wakeDispatcher: () => dispatcher?.wake(),
    requestEarlyTick: () => tickJob?.requestEarlyTick(),
  }, { slices, coverage });
  const rules: LiveRules = new LiveRules({ settings, store, slices, engine, metrics, clock, log }, book);

  let publicUrl = publicUrlOf(settings);
  const runbookOf = (incident: Incident): RenderedRunbook | undefined => renderedRunbook(incident, { rules, engine: engine!, publicUrl });
  dispatcher = new Dispatcher({
    outbox, notifierFor: rules.notifierFor, publicUrl: () => publicUrl, clock,
    runbookFor: ({ transition: { incident } }) => {
      const runbook = runbookOf(incident);
      return runbook === undefined ? undefined : { ...runbook, url: `${publicUrl}/incidents/${encodeURIComponent(incident.id)}#runbook` };
    },
    observer: {
      attempted: (delivery, atMs) => observeLatency(metrics, delivery, atMs),
      settled: (delivery, settlement) => {
        metrics.deliveries.inc({ integration: delivery.integration, outcome: settlement.status });
        if (settlement.status === 'delivered') return;
        const level = settlement.status === 'rejected' ? 'error' : 'warn';
        log[level]({ incident: delivery.incidentId, receiver: delivery.receiver, integration: delivery.integration, reason: settlement.lastError }, settlement.status === 'rejected' ? 'a message could not be delivered' : 'a message is not delivered yet, trying again');
      },
      failed: (error) => log.error({ err: error }, 'the outbox could not be read or written'),
    },
  });

  let stats: IngestStats | undefined;
  let ready: ServiceAddresses | undefined;
  const counters = new IngestCounters();
  addIngestMetrics(metrics, { counters, store, stats: () => stats });

  const running = engine;
  const ui: UiOptions = {
    readers: {
      clock,
      slos: { statuses: () => running.statuses(), slo: (name) => running.slo(name) },
      history: new DuckdbSloHistoryReader(store),
      traces: new DuckdbTraceReader(store),
      services: new DuckdbServiceReader(store),
      incidents: new DuckdbIncidentReader(store),
    },
    actions: {
      acknowledge: async (id, actor) => { await running.acknowledge(id, actor, clock.nowMs()); },
      resolve: async (id, actor) => { await running.resolve(id, actor, clock.nowMs()); },
    },
    runbookFor: (incident) => Promise.resolve(runbookOf(incident)),
    access: pageAccess(authorizer, tokens !== undefined),
    address: { bindHost: settings.http.host, publicUrl },
    otlp: { grpcUrl: otlpUrl(settings, settings.otlp.grpcPort), httpUrl: otlpUrl(settings, settings.otlp.httpPort) },
    reportError: (error, path) => log.error({ err: error, path }, 'a page failed'),
  };
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.register({
      ui,
      self: {
        metrics, ready: () => (ready === undefined ? undefined : { ...ready }), ruleProblems: () => rules.problems,
        refresh: async () => { stats = await store.stats(); },
      },
      tick: {
        engine, intervalMs: settings.evaluationIntervalMs, clock, metrics,
        traced: (work) => traced('tick', {}, work),
        onError: (error) => log.error({ err: error }, 'an evaluation failed; the next one tries again'),
      },
      maintenance: { database: store, hotRetentionMs: settings.hotRetentionMs, clock, onError: (error) => log.error({ err: error }, 'maintenance of the store failed') },
    }),
    new FastifyAdapter({ ...(tls === undefined ? {} : { https: tls }), bodyLimit: MAX_PAGE_BODY_BYTES }),
    { logger: false, abortOnError: false },
  );
  cleanup.push('pages', () => app.close());
  tickJob = app.get(TickJob);
  await app.listen(settings.http.port, settings.http.host);
  const httpPort = (app.getHttpServer().address() as { port: number }).port;
  publicUrl = publicUrlOf(settings, httpPort);

  await dispatcher.start();
  cleanup.push('dispatcher', () => dispatcher.stop(STOP_GRACE_MS));
  await rules.watch();
  cleanup.push('rules watcher', () => rules.close());

  const receiver: Omit<ReceiverOptions, 'port'> = {
    host: settings.otlp.host, absorber: store, authorize: ingestAccess(authorizer), budget: new ByteBudget(RECEIVER_LIMITS.bytesInFlight), counters, clock,
    ...(tls === undefined ? {} : { tls }), onFault: (error) => log.error({ err: error }, 'a receiver failed'),
  };
  const grpc = await startGrpcOtlpReceiver({ ...receiver, port: settings.otlp.grpcPort });
  cleanup.push('OTLP/gRPC', () => grpc.close());
  const http = await startHttpOtlpReceiver({ ...receiver, port: settings.otlp.httpPort });
  cleanup.push('OTLP/HTTP', () => http.close());
  const tracing = startSelfTracing(environment, [grpc.port, http.port]);
  cleanup.push('self tracing', () => tracing.stop());
  log.info({ selfTracing: tracing.reason, slos: book.slos.length, runbooks: book.runbooks.length }, 'ready');

  ready = { http: pageUrl(settings, httpPort), otlpGrpc: otlpUrl(settings, grpc.port), otlpHttp: otlpUrl(settings, http.port) };
  cleanup.push('readiness', () => { ready = undefined; return Promise.resolve(); });
  return ready;
}

const MAX_PAGE_BODY_BYTES = 1 << 20;
const STOP_GRACE_MS = 5_000;

async function rulesOrProblems(settings: Settings, log: Logger): Promise<RuleBook> {
  const { book, problems } = await loadRuleBook(settings);
  if (book === undefined) throw new ProblemsFound(problems);
  for (const problem of problems) log.warn({ problem: formatProblem(problem) }, 'the rules have a warning');
  return book;
}

async function tokensOrProblems(settings: Settings): Promise<readonly Token[] | undefined> {
  if (settings.access.tokensFile === undefined) return undefined;
  const tokens = await loadTokens(settings.access.tokensFile);
  if (!tokens.ok) throw new ProblemsFound(tokens.error);
  return tokens.value;
}

function tlsOf({ access: { tls } }: Settings): { readonly cert: Buffer; readonly key: Buffer } | undefined {
  return tls === undefined ? undefined : { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) };
}

function pageAccess(authorizer: Authorizer, tokensRequired: boolean): UiOptions['access'] {
  return {
    tokensRequired,
    authorize: (token, role) => {
      const decision = authorizer(token === undefined ? undefined : `Bearer ${token}`, role);
      if (decision.kind === 'allowed') return { allowed: true, actor: decision.who.name };
      return { allowed: false, reason: decision.reason === 'insufficient' ? 'role' : decision.reason };
    },
  };
}

function ingestAccess(authorizer: Authorizer): ReceiverOptions['authorize'] {
  return (header) => {
    const decision = authorizer(header, 'ingest');
    if (decision.kind === 'allowed') return { kind: 'allowed', who: decision.who.name };
    return { kind: 'denied', status: decision.reason === 'insufficient' ? 'forbidden' : 'unauthenticated', message: decision.message };
  };
}

function renderedRunbook(incident: Incident, { rules, engine, publicUrl }: { readonly rules: LiveRules; readonly engine: Engine; readonly publicUrl: string }): RenderedRunbook | undefined {
  const labels = incident.alerts[0]?.labels ?? {};
  const runbook = findRunbook(rules.book.runbooks, { name: incident.runbook, labels });
  if (runbook === undefined) return undefined;
  return { title: runbook.title, markdown: renderRunbookOrRaw(runbook, runbookContextOf({ incident, slo: engine.slo(labels['slo'] ?? ''), publicUrl })) };
}

function observeLatency(metrics: PrometheusMetrics, delivery: Delivery, atMs: number): void {
  if (delivery.breachReceivedAtMs === undefined || delivery.attempts > 1) return;
  metrics.breachToNotification.observe({ integration: delivery.integration }, Math.max(0, atMs - delivery.breachReceivedAtMs) / 1_000);
}

async function inTime<T>(work: Promise<T>, onFailure: (error: unknown) => void): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no evidence within ${EVIDENCE_TIMEOUT_MS} ms`)), EVIDENCE_TIMEOUT_MS);
  });
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    onFailure(error);
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

function pageUrl(settings: Settings, port: number): string {
  return publicUrlOf({ ...settings, publicUrl: undefined }, port);
}

function otlpUrl(settings: Settings, port: number): string {
  return publicUrlOf({ ...settings, publicUrl: undefined, http: { host: settings.otlp.host, port } });
}
