import type { Logger } from 'pino';
import { CoverageIndex } from '../../budget/coverage-index.js';
import { minuteOf } from '../../budget/minute-series.js';
import { SliceIndex } from '../../budget/slice-index.js';
import type { Settings } from '../../config/settings.js';
import type { Evidence } from '../../diagnosis/evidence.js';
import type { PatternFinding } from '../../diagnosis/pattern/pattern.js';
import { explainingPattern } from '../../diagnosis/pattern/pattern-words.js';
import { DuckdbIncidentReader } from '../../incident/duckdb-incident-reader.js';
import type { Incident } from '../../incident/incident.js';
import type { Clock } from '../../lib/clock.js';
import { DuckdbDecisionReader } from '../../notify/duckdb-decision-reader.js';
import { DuckdbOutbox } from '../../notify/duckdb-outbox.js';
import { Dispatcher } from '../../notify/system-dispatcher.js';
import { anomalySignals } from '../../pipeline/anomaly-signals.js';
import { AnomalyWatch } from '../../pipeline/anomaly-watch.js';
import { DuckdbAnomalyReader } from '../../pipeline/duckdb-anomaly-reader.js';
import { DuckdbCohortReader } from '../../pipeline/duckdb-cohort-reader.js';
import { DuckdbEvaluationStore } from '../../pipeline/duckdb-evaluation-store.js';
import { DuckdbEvidenceReader } from '../../pipeline/duckdb-evidence-reader.js';
import { DuckdbSnapshotReader } from '../../pipeline/duckdb-snapshot-reader.js';
import { DuckdbSignatureStore } from '../../pipeline/duckdb-signature-store.js';
import { alertedSignatures, signatureSignals } from '../../pipeline/signature-signals.js';
import { SignatureBook } from '../../pipeline/signature-book.js';
import { Engine, type EvidenceTime } from '../../pipeline/engine.js';
import type { MeasuredSlo } from '../../pipeline/evaluate.js';
import { EvidenceBudget } from '../../pipeline/evidence-budget.js';
import type { RuleBook } from '../../pipeline/fs-rule-book.js';
import { gatherConditionEvidence } from '../../pipeline/gather-condition-evidence.js';
import { gatherEvidence } from '../../pipeline/gather-evidence.js';
import { gatherSnapshot, type SnapshotInput, type SnapshotPorts } from '../../pipeline/gather-snapshot.js';
import type { PrometheusMetrics } from '../../pipeline/prometheus-metrics.js';
import type { Store } from '../../pipeline/store.js';
import { DuckdbQualityReader } from '../../report/duckdb-quality-reader.js';
import { qualitySignals } from '../../report/quality-signals.js';
import { StorageWatch } from '../../pipeline/storage-watch.js';
import { DuckdbHeardRecord } from '../../report/duckdb-heard-record.js';
import { QualityWatch } from '../../report/quality-watch.js';
import { DuckdbChangeBook } from '../../query/duckdb-change-book.js';
import { restrictedTo } from '../../sli/compile-slo.js';
import { findPatternRunbook, findRunbook } from '../../runbook/find-runbook.js';
import { renderRunbookOrRaw } from '../../runbook/render-runbook.js';
import { runbookContextOf } from '../../runbook/runbook-context.js';
import type { SloStatus } from '../../budget/slo-status.js';
import { inTurns, type BackgroundTurns } from '../../store/background-turns.js';
import { DuckdbUptime } from '../../store/duckdb-uptime.js';
import { sloMinutes } from '../../store/slo-slice-columns.js';
import type { RenderedRunbook } from '../../ui/ui-options.js';
import { ownersOf } from '../report/quality-source.js';
import { deliveryObserver } from './delivery-observer.js';
import { LiveRules, longestWindowMinutes } from './live-rules.js';

export interface JudgementPorts {
  readonly settings: Settings;
  readonly store: Store;
  readonly metrics: PrometheusMetrics;
  readonly clock: Clock;
  readonly log: Logger;
  /** Base of links; asked for late, because a port may be chosen by the system. */
  readonly publicUrl: () => string;
  readonly requestEarlyTick: () => void;
  readonly requestTickAt: (atMs: number) => void;
  readonly refusals: () => number;
  /** For reads that nobody waits for at a screen. */
  readonly turns: BackgroundTurns;
  /** On the disk that is written to. */
  readonly freeBytes: () => Promise<number | undefined>;
}

/** The pages of one tick must not wait for their evidence longer than this, all together: those that are left go out without, and get it later. */
const EVIDENCE_BUDGET_MS = 2_000;
/** What is looked for later keeps nobody waiting, but must end. */
const LATE_BUDGET_MS = 60_000;

/** Everything between a committed slice and a sent message: rules, engine, outbox, dispatcher, filled with what the store remembers. */
export class Judgement {
  readonly signatures: SignatureBook;
  readonly watch: QualityWatch;
  readonly anomalies: AnomalyWatch;
  readonly storage: StorageWatch;
  readonly rules: LiveRules;
  readonly engine: Engine;
  readonly dispatcher: Dispatcher;
  readonly #ports: JudgementPorts;
  readonly #evidence: DuckdbEvidenceReader;
  readonly #slices: SliceIndex;
  readonly #snapshotPorts: SnapshotPorts;
  readonly #evidenceBudget = new EvidenceBudget(EVIDENCE_BUDGET_MS);

  private constructor(ports: JudgementPorts, book: RuleBook, state: { readonly slices: SliceIndex; readonly coverage: CoverageIndex }) {
    this.#ports = ports;
    this.#evidence = new DuckdbEvidenceReader(ports.store);
    this.#slices = state.slices;
    this.#snapshotPorts = { reader: new DuckdbSnapshotReader(ports.store), changes: new DuckdbChangeBook(ports.store), cohorts: new DuckdbCohortReader(ports.store) };
    this.signatures = new SignatureBook(new DuckdbSignatureStore(ports.store, this.#evidence));
    const incidents = new DuckdbIncidentReader(ports.store);
    const decisions = new DuckdbDecisionReader(ports.store);
    this.anomalies = new AnomalyWatch({ reader: new DuckdbAnomalyReader(ports.store), rules: () => this.rules.book.anomalyRules });
    this.storage = new StorageWatch({ database: ports.store, freeBytes: ports.freeBytes, minFreeBytes: () => this.rules.book.sampling.retention.minFreeBytes, holdsArchive: ports.settings.archiveUrl?.startsWith('s3:') !== true });
    this.watch = new QualityWatch({ reader: new DuckdbQualityReader(inTurns(ports.store, ports.turns), { listeningSinceMs: ports.clock.nowMs() }), heard: new DuckdbHeardRecord(ports.store), rules: () => this.rules.book.quality, owners: () => ownersOf(this.rules.book) });
    this.engine = new Engine({
      store: new DuckdbEvaluationStore(ports.store),
      gatherEvidence: (measured, status, when) => this.#gatherEvidence(measured, status, when),
      gatherConditionEvidence: (incident, nowMs, when) => this.#conditionEvidence(incident, nowMs, when),
      signatureSignals: (openIncidents, nowMs) => {
        this.signatures.keepAlerted(alertedSignatures(openIncidents));
        return signatureSignals({ rules: this.rules.book.signatureRules, book: this.signatures, openIncidents, nowMs });
      },
      anomalySignals: (openIncidents) => anomalySignals({ picture: this.anomalies.picture(), rules: this.rules.book.anomalyRules, openIncidents }),
      readIncident: (id) => incidents.byId(id),
      thresholds: () => this.rules.book.thresholds,
      windows: () => this.rules.book.windows,
      drills: { rules: () => this.rules.book.drills, decisionsOf: (id) => decisions.ofIncident(id) },
      qualitySignals: (openIncidents) => qualitySignals({ picture: this.watch.picture(), watch: this.rules.book.quality.watch, openIncidents, publicUrl: ports.publicUrl() }),
      diskSignals: (openIncidents) => this.storage.signals(openIncidents),
      traceHealth: (services, nowMs) => this.watch.health(services, nowMs),
      routing: () => this.rules.book.routing,
      wakeDispatcher: () => this.dispatcher.wake(),
      requestEarlyTick: ports.requestEarlyTick,
      requestTickAt: ports.requestTickAt,
      refusals: ports.refusals,
      judgeJourneys: () => ports.store.judgeJourneys().catch((error: unknown) => ports.log.error({ err: error }, 'whole traces could not be judged; they are tried again at the next tick')),
    }, state);
    this.rules = new LiveRules({ ...ports, slices: state.slices, engine: this.engine }, book);
    this.dispatcher = new Dispatcher({
      outbox: new DuckdbOutbox(ports.store),
      notifierFor: this.rules.notifierFor,
      publicUrl: ports.publicUrl,
      clock: ports.clock,
      runbookFor: ({ transition: { incident } }) => this.#linkedRunbook(incident),
      observer: deliveryObserver(ports.metrics, ports.log),
    });
  }

  /** Goes on where the last process was: slices and uptime of every window are read back before anything is judged. */
  static async resume(ports: JudgementPorts, book: RuleBook): Promise<Judgement> {
    const slices = new SliceIndex();
    const coverage = new CoverageIndex();
    const sinceMinute = minuteOf(ports.clock.nowMs()) - longestWindowMinutes(book);
    for (const rule of book.slos) slices.track(rule);
    slices.add(sloMinutes(await ports.store.loadSloSlices(sinceMinute)));
    for (const minute of await new DuckdbUptime(ports.store).load(sinceMinute)) coverage.markCovered(minute);
    const judgement = new Judgement(ports, book, { slices, coverage });
    await judgement.signatures.resume(ports.clock.nowMs());
    return judgement;
  }

  /** The runbook as it reads for this incident, or of a pattern in it. An incident that has none takes that of the pattern which explains it. Undefined when none fits. */
  runbookOf(incident: Incident, pattern?: PatternFinding): RenderedRunbook | undefined {
    const { runbooks } = this.rules.book;
    const labels = incident.alerts[0]?.labels ?? {};
    const runbook = pattern === undefined
      ? (findRunbook(runbooks, { name: incident.runbook, labels }) ?? findPatternRunbook(runbooks, explainingPattern(incident.evidence?.patterns)))
      : findPatternRunbook(runbooks, pattern);
    if (runbook === undefined) return undefined;
    const context = runbookContextOf({ incident, slo: this.engine.slo(labels['slo'] ?? ''), publicUrl: this.#ports.publicUrl() });
    return { title: runbook.title, markdown: renderRunbookOrRaw(runbook, context) };
  }

  #linkedRunbook(incident: Incident): (RenderedRunbook & { readonly url: string }) | undefined {
    const runbook = this.runbookOf(incident);
    return runbook === undefined ? undefined : { ...runbook, url: `${this.#ports.publicUrl()}/incidents/${encodeURIComponent(incident.id)}#runbook` };
  }

  async #gatherEvidence({ sliceKey, slo }: MeasuredSlo, status: SloStatus, when?: EvidenceTime): Promise<Evidence | undefined> {
    const compiled = this.rules.book.slos.find((each) => each.sliceKey === sliceKey);
    if (compiled === undefined) return undefined;
    const look: Look = { about: { slo: slo.name }, leftMs: this.#leftMs(status.atMs, when) };
    const evidence = await this.#lookFor(look, () => gatherEvidence(this.#evidence, status.group === undefined ? compiled : restrictedTo(compiled, status.group), status));
    return evidence && this.#withSnapshot(look, { evidence, atMs: status.atMs, series: this.#slices.judgedOf(compiled, status.group), service: slo.service });
  }

  async #conditionEvidence(incident: Incident, nowMs: number, when?: EvidenceTime): Promise<Evidence | undefined> {
    const look: Look = { about: { incident: incident.id }, leftMs: this.#leftMs(nowMs, when) };
    const ports = { reader: this.#evidence, minutes: this.#snapshotPorts.reader, book: this.signatures, anomalies: () => this.anomalies.picture() };
    const found = await this.#lookFor(look, () => gatherConditionEvidence(ports, incident, nowMs));
    return found && this.#withSnapshot(look, { ...found, atMs: nowMs });
  }

  #leftMs(tickMs: number, when: EvidenceTime = 'opening'): () => number {
    const { clock } = this.#ports;
    if (when === 'opening') return () => this.#evidenceBudget.leftMs(tickMs, clock.nowMs());
    const endMs = clock.nowMs() + LATE_BUDGET_MS;
    return () => Math.max(0, endMs - clock.nowMs());
  }

  async #lookFor<T>({ about, leftMs }: Look, gather: () => Promise<T | undefined>): Promise<T | undefined> {
    const limitMs = leftMs();
    if (limitMs === 0) return undefined;
    const stop = this.#ports.metrics.evidenceDuration.startTimer();
    try {
      return await within(limitMs, gather());
    } catch (error) {
      this.#ports.log.warn({ err: error, ...about }, 'a page goes out without representative traces');
      return undefined;
    } finally {
      stop();
    }
  }

  /** The traces matter more than what is around them: they do not wait for it. */
  async #withSnapshot({ about, leftMs }: Look, input: SnapshotInput): Promise<Evidence> {
    const { evidence } = input;
    try {
      const limitMs = leftMs();
      return limitMs === 0 ? evidence : { ...evidence, snapshot: await within(limitMs, gatherSnapshot(this.#snapshotPorts, input)) };
    } catch (error) {
      this.#ports.log.warn({ err: error, ...about }, 'a page goes out without what was around it: changes, calls and minutes');
      return evidence;
    }
  }
}

/** One search for evidence: for whom, as logs name it, and how long it may take yet. */
interface Look {
  readonly about: Readonly<Record<string, string>>;
  readonly leftMs: () => number;
}

async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
