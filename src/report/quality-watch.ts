import type { QualityRules, QualityThresholds } from '../config/quality-rule.js';
import type { WatchedKind } from '../config/quality-schema.js';
import type { ServiceTraceHealth, TraceHealth } from '../diagnosis/trace-health.js';
import { MINUTE_MS } from '../lib/duration.js';
import { bucketMiddleNs } from '../sli/latency-bucket.js';
import { findFindings } from './find-findings.js';
import { FactTable, type FactName, type QualityFact } from './quality-fact.js';
import type { QualityFinding } from './quality-finding.js';
import { measuresOf } from './quality-measures.js';
import type { QualityReader, ReportWindow, SpanCount } from './quality-reader.js';
import { watchedMinute, WatchMemory, type HeardState, type WatchedMinute } from './watch-memory.js';
import { utcClock } from './words.js';

/** A minute is read this long after its end: by then exporters have sent, and parents have ended. */
export const SETTLE_MS = MINUTE_MS;
/** Findings are made of so many minutes. */
export const WATCHED_MINUTES = 5;
/** A pattern that is seen in one minute only may be a restart or a deployment. */
const LASTING_MINUTES = 2;
/** Right again in so many minutes in which the service spoke, it is over. */
const CALM_MINUTES = 3;
const NS_PER_MS = 1e6;
/** More of a minute are not read: its end speaks for the whole, and ingest is not disturbed. */
export const MINUTE_SPANS = 200_000;

export interface WatchReader extends Pick<QualityReader, 'facts'>, SpanCount {}

/** A minute that was read is read again when so much more of it has come: late spans are told of too. */
const LATE_SHARE = 0.05;
const LATE_SPANS = 10;

/** Keeps what was heard when over restarts. */
export interface HeardRecord {
  load(): Promise<HeardState | undefined>;
  save(state: HeardState): Promise<void>;
}

export interface QualityWatchPorts {
  readonly reader: WatchReader;
  readonly heard: HeardRecord;
  readonly rules: () => QualityRules;
  readonly owners: () => ReadonlyMap<string, string>;
}

/** A finding that lasts. */
export interface WatchedFinding {
  readonly finding: QualityFinding;
  /** Start of the first minute in which it was seen, Unix milliseconds. */
  readonly sinceMs: number;
}

/** What the last minutes say: what is wrong, and whether what was wrong is right again. */
export interface WatchPicture {
  readonly findings: readonly WatchedFinding[];
  /** How a condition has ended: spans have shown that it is right again, or there were none, or no call over its edge, for a day. Shorter silence shows nothing. */
  endingOf(condition: WatchedCondition): WatchEnding | undefined;
}

export type WatchEnding = 'right' | 'silent' | 'uncalled';

/** What a finding is about, as the labels of its alert say it. */
export interface WatchedCondition {
  readonly kind: WatchedKind;
  readonly service: string;
  readonly caller: string | undefined;
}

/** The facts whose `bad` a finding stands on. */
const FACTS: Readonly<Record<WatchedKind, FactName>> = {
  'broken-context': 'broken-context', 'clock-skew': 'clock-skew', 'sensitive-data': 'sensitive', orphans: 'orphans', 'partial-traces': 'traces', 'rootless-traces': 'rootless', 'missing-kinds': 'entry-kind',
  'wrong-status': 'wrong-status', 'unknown-weight': 'unknown-weight', 'sampling-bias': 'unknown-weight', 'mixed-weights': 'mixed-weights', 'limits-hit': 'limits-hit', 'collector-latency': 'arrival-lag',
};

/** Reads each minute's spans once, shortly after it, and keeps what the last few say. */
export class QualityWatch {
  readonly #ports: QualityWatchPorts;
  #minutes: readonly WatchedMinute[] = [];
  #since: ReadonlyMap<string, number> = new Map();
  readonly #memory = new WatchMemory(CALM_MINUTES);
  #isRestored = false;
  #picture: WatchPicture = { findings: [], endingOf: () => undefined };

  constructor(ports: QualityWatchPorts) {
    this.#ports = ports;
  }

  /** Reads the minutes that are due. After a pause it goes on with the last few. */
  async read(nowMs: number): Promise<void> {
    await this.#restore(nowMs);
    const endMs = Math.floor((nowMs - SETTLE_MS) / MINUTE_MS) * MINUTE_MS;
    if (this.#minutes.at(-1)?.startMs === endMs - MINUTE_MS) return;
    const due = Array.from({ length: WATCHED_MINUTES }, (_, index) => endMs - (WATCHED_MINUTES - index) * MINUTE_MS);
    const minutes: WatchedMinute[] = [];
    for (const startMs of due) minutes.push(await this.#minuteOf(startMs));
    this.#minutes = minutes;
    this.#memory.add(minutes);
    this.#picture = this.#judge();
    if (this.#memory.heard !== undefined) await this.#ports.heard.save(this.#memory.heard);
  }

  async #restore(nowMs: number): Promise<void> {
    if (this.#isRestored) return;
    const heard = await this.#ports.heard.load();
    if (heard !== undefined) this.#memory.restore(heard, nowMs);
    this.#isRestored = true;
  }

  /** As of the last minute that was read. */
  picture(): WatchPicture {
    return this.#picture;
  }

  /** How well these services are traced just now; undefined until something was read. */
  health(services: readonly string[], nowMs: number): TraceHealth | undefined {
    const window = this.#window();
    if (window === undefined) return undefined;
    const table = this.#table(this.#minutes);
    const known = services.filter((service) => table.get('spans', service) !== undefined);
    const about = this.#picture.findings.filter(({ finding: { service, edge } }) => known.includes(service) || (edge !== undefined && known.includes(edge.caller)));
    return {
      takenAtMs: nowMs, ...window, services: [...known, ''].map((service) => healthOf(table, window, service)),
      findings: about.map(({ finding: { title }, sinceMs }) => `${title}, since ${utcClock(sinceMs)}`),
    };
  }

  /** As it was read, unless much of it has come since. */
  async #minuteOf(startMs: number): Promise<WatchedMinute> {
    const window = { fromMs: startMs, toMs: startMs + MINUTE_MS };
    const spans = await this.#ports.reader.count(window);
    const known = this.#minutes.find((minute) => minute.startMs === startMs);
    if (known !== undefined && spans - known.spans < Math.max(LATE_SPANS, LATE_SHARE * known.spans)) return known;
    const share = Math.min(1, MINUTE_SPANS / Math.max(1, spans));
    return watchedMinute(startMs, await this.#ports.reader.facts({ fromMs: Math.round(window.toMs - MINUTE_MS * share), toMs: window.toMs }), spans);
  }

  #window(): ReportWindow | undefined {
    const [first, last] = [this.#minutes[0], this.#minutes.at(-1)];
    return first === undefined || last === undefined ? undefined : { fromMs: first.startMs, toMs: last.startMs + MINUTE_MS };
  }

  #table(minutes: readonly WatchedMinute[]): FactTable {
    return new FactTable(minutes.flatMap(({ facts }) => facts));
  }

  #judge(): WatchPicture {
    const { watch, thresholds } = this.#ports.rules();
    const minutes = this.#minutes;
    const found = this.#find(minutes).flatMap((finding): WatchedFinding[] => {
      const { kind, service, edge } = finding;
      if (!isWatched(watch, kind)) return [];
      const bad = minutes.filter(({ facts }) => facts.some((fact) => isBad(fact, { kind, service, caller: edge?.caller }, thresholds)));
      if (bad.length < (kind === 'sensitive-data' || kind === 'collector-latency' ? 1 : LASTING_MINUTES)) return [];
      return [{ finding, sinceMs: this.#since.get(finding.id) ?? bad[0]?.startMs ?? 0 }];
    });
    this.#since = new Map(found.map(({ finding: { id }, sinceMs }) => [id, sinceMs]));
    return { findings: found, endingOf: (condition) => this.#endingOf(condition) };
  }

  #endingOf(condition: WatchedCondition): WatchEnding | undefined {
    const { service, caller } = condition;
    if (this.#memory.isSilent(service) || (caller !== undefined && this.#memory.isSilent(caller))) return 'silent';
    if (caller !== undefined && this.#memory.isUncalled(caller, service)) return 'uncalled';
    const minutes = this.#memory.of(service);
    return minutes.length === CALM_MINUTES && isRight(condition, minutes, this.#find(minutes)) ? 'right' : undefined;
  }

  #find(minutes: readonly WatchedMinute[]): QualityFinding[] {
    const { rules, owners } = this.#ports;
    const [first, last] = [minutes[0], minutes.at(-1)];
    if (first === undefined || last === undefined) return [];
    const table = this.#table(minutes);
    const window = { fromMs: first.startMs, toMs: last.startMs + MINUTE_MS };
    const services = table.services().map((service) => ({ service, measures: measuresOf({ table, window, counted: [], prices: undefined }, service) }));
    return findFindings({ table, window, ledger: [], counted: [], thresholds: rules().thresholds, services, before: new Map(), around: undefined }, owners());
  }
}

function isWatched(watch: ReadonlySet<string>, kind: string): kind is WatchedKind {
  return watch.has(kind);
}

/** Whether the fact is a bad case of the condition. */
function isBad({ fact, service, subject, n, bad }: QualityFact, { kind, service: about, caller }: WatchedCondition, { collectorLatencyMs }: QualityThresholds): boolean {
  if (kind === 'missing-kinds' && fact === 'inner-kind') return service === about && bad === n;
  if (fact !== FACTS[kind]) return false;
  if (kind === 'collector-latency') return service === about && n > 0 && bucketMiddleNs(Number(subject)) > collectorLatencyMs * NS_PER_MS;
  if (kind === 'broken-context') return bad > 0 && service === caller && subject === about;
  if (kind === 'clock-skew') return bad > 0 && service === caller && (JSON.parse(subject) as string[])[0] === about;
  return bad > 0 && service === about;
}

/** Right is what the minutes in which the service spoke no longer show; of an edge, while calls go over it. */
function isRight({ kind, service, caller }: WatchedCondition, minutes: readonly WatchedMinute[], found: readonly QualityFinding[]): boolean {
  if (found.some((finding) => finding.kind === kind && finding.service === service && finding.edge?.caller === caller)) return false;
  return caller === undefined || minutes.some(({ facts }) => facts.some((fact) => fact.fact === 'edge' && fact.service === caller && fact.subject === service && fact.n > 0));
}

function healthOf(table: FactTable, window: ReportWindow, service: string): ServiceTraceHealth {
  const { spans, samplingRate, unknownWeightShare, partialRatio, orphanRatio, collectorLatencyP99Ms } = measuresOf({ table, window, counted: [], prices: undefined }, service === '' ? undefined : service);
  return { service, spans, samplingRate, unknownWeightShare, partialRatio, orphanRatio, lagP99Ms: collectorLatencyP99Ms };
}
