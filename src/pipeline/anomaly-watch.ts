import { unusualTimes, WINDOW_MS, windowsFor } from '../diagnosis/anomaly/baseline-windows.js';
import { anomalyKey, judgeAnomalies, type Anomaly, type AnomalyVerdict, type OperationCounts } from '../diagnosis/anomaly/judge-anomalies.js';
import type { AnomalyRule } from '../config/anomaly-rule.js';
import { DAY_MS, MINUTE_MS } from '../lib/duration.js';
import { ANOMALY_KEY, UNHEEDED_DAYS, type AnomalyReader } from './anomaly-reader.js';

/** A window is judged when this much time has passed since its end: late spans are in it. */
const SETTLE_MS = 2 * MINUTE_MS;
/** In the window before, an anomaly must have shown as well, at this rate: what passes within minutes is no ticket. */
const LASTING_RATE = 0.05;

/** What one rule says as of the last window. */
export interface WatchedRule {
  readonly rule: AnomalyRule;
  readonly anomalies: readonly Anomaly[];
  readonly calm: ReadonlySet<string>;
}

export interface AnomalyPicture {
  /** End of the window that was judged last; undefined before the first. */
  readonly untilMs: number | undefined;
  readonly rules: readonly WatchedRule[];
}

export interface AnomalyWatchPorts {
  readonly reader: AnomalyReader;
  readonly rules: () => readonly AnomalyRule[];
}

/** Judges each quarter of an hour shortly after its end. Without rules it reads nothing. */
export class AnomalyWatch {
  readonly #ports: AnomalyWatchPorts;
  #picture: AnomalyPicture = { untilMs: undefined, rules: [] };

  constructor(ports: AnomalyWatchPorts) {
    this.#ports = ports;
  }

  picture(): AnomalyPicture {
    return this.#picture;
  }

  async read(nowMs: number): Promise<void> {
    const untilMs = Math.floor((nowMs - SETTLE_MS) / WINDOW_MS) * WINDOW_MS;
    const rules = this.#ports.rules();
    if (rules.length === 0) this.#picture = { untilMs: undefined, rules: [] };
    const isJudged = this.#picture.untilMs === untilMs && rules.length === this.#picture.rules.length && rules.every((rule, index) => rule === this.#picture.rules[index]?.rule);
    if (rules.length === 0 || isJudged) return;
    const fromMs = untilMs - WINDOW_MS;
    const { reader } = this.#ports;
    const sinceMs = nowMs - UNHEEDED_DAYS * DAY_MS;
    const tickets = await reader.tickets(sinceMs);
    const unusual = [...tickets, ...await reader.burning(sinceMs, nowMs), ...unusualTimes(await reader.unusual(sinceMs))];
    const counts = async (atMs: number): Promise<readonly OperationCounts[]> => await reader.counts(windowsFor(atMs, tickets), unusual);
    const [now, before] = [await counts(fromMs), await counts(fromMs - WINDOW_MS)];
    const unheeded = await reader.unheeded(sinceMs);
    await reader.remember(judgeAnomalies(now, { falseDiscoveryRate: LASTING_RATE, unheeded: new Map() }).anomalies, { fromMs, forgetMs: sinceMs });
    this.#picture = { untilMs, rules: rules.map((rule) => ({ rule, ...judgeRule(rule, { now, before, unheeded }) })) };
  }
}

interface Counted {
  readonly now: readonly OperationCounts[];
  readonly before: readonly OperationCounts[];
  /** By key of the incident. */
  readonly unheeded: ReadonlyMap<string, number>;
}

function judgeRule({ services, signals, falseDiscoveryRate }: AnomalyRule, { now, before, unheeded }: Counted): AnomalyVerdict {
  const watched = (operations: readonly OperationCounts[]): readonly OperationCounts[] => operations.filter(({ service }) => services.length === 0 || services.includes(service));
  const tickets = new Map([...unheeded].map(([key, count]) => [key.slice(ANOMALY_KEY.length), count]));
  const earlier = new Set(judgeAnomalies(watched(before), { falseDiscoveryRate: LASTING_RATE, unheeded: new Map() }).anomalies.map(anomalyKey));
  const { anomalies, calm } = judgeAnomalies(watched(now), { falseDiscoveryRate, unheeded: tickets });
  return { anomalies: anomalies.filter((anomaly) => signals.includes(anomaly.signal) && earlier.has(anomalyKey(anomaly))), calm };
}
