import { formatSpan } from '../lib/format.js';
import type { BacktestResult } from './backtest.js';
import type { ReplayedIncident } from './replay.js';

/** What really happened, as people wrote it down. */
export interface LabelledIncident {
  readonly title: string;
  /** Without either, any SLO may detect it. */
  readonly slo: string | undefined;
  readonly service: string | undefined;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

export interface Detection {
  readonly incident: LabelledIncident;
  /** Time from its start to the first page; undefined where nobody was woken. */
  readonly pagedAfterMs: number | undefined;
  /** To the first ticket or page. */
  readonly toldAfterMs: number | undefined;
}

export interface Score {
  readonly pages: number;
  readonly tickets: number;
  /** Pages that belong to a labelled incident. */
  readonly truePages: number;
  /** truePages / pages; undefined without pages. */
  readonly precision: number | undefined;
  /** Labelled incidents that were paged / all; undefined without any. */
  readonly recall: number | undefined;
  readonly detections: readonly Detection[];
  readonly medianDetectionMs: number | undefined;
}

/** People write down the start when they see it: a page this much earlier is no false one. */
const EARLY_MS = 10 * 60_000;

export function scoreOf(incidents: readonly ReplayedIncident[], labelled: readonly LabelledIncident[]): Score {
  const pages = incidents.filter(({ pagedAtMs }) => pagedAtMs !== undefined);
  const detections = labelled.map((incident) => detect(incident, incidents));
  const paged = detections.flatMap(({ pagedAfterMs }) => (pagedAfterMs === undefined ? [] : [pagedAfterMs]));
  const truePages = pages.filter((page) => labelled.some((incident) => tells(page, incident, page.pagedAtMs))).length;
  return {
    pages: pages.length, tickets: incidents.length - pages.length, truePages, detections, medianDetectionMs: median(paged),
    precision: pages.length === 0 ? undefined : truePages / pages.length,
    recall: labelled.length === 0 ? undefined : paged.length / labelled.length,
  };
}

function detect(incident: LabelledIncident, incidents: readonly ReplayedIncident[]): Detection {
  const after = (momentOf: (replayed: ReplayedIncident) => number | undefined): number | undefined => {
    const moments = incidents.filter((replayed) => tells(replayed, incident, momentOf(replayed))).flatMap((replayed) => momentOf(replayed) ?? []);
    return moments.length === 0 ? undefined : Math.max(0, Math.min(...moments) - incident.startedAtMs);
  };
  return { incident, pagedAfterMs: after(({ pagedAtMs }) => pagedAtMs), toldAfterMs: after(({ openedAtMs }) => openedAtMs) };
}

/** The alert is about this incident: the same SLO or service, told before it ended and not over before it began. */
function tells(replayed: ReplayedIncident, incident: LabelledIncident, toldAtMs: number | undefined): boolean {
  if (toldAtMs === undefined || (incident.slo !== undefined && incident.slo !== replayed.slo) || (incident.service !== undefined && incident.service !== replayed.service)) return false;
  return toldAtMs <= incident.endedAtMs && (replayed.resolvedAtMs ?? Infinity) >= incident.startedAtMs - EARLY_MS;
}

/** One page that both rule sets would have sent. */
export interface SharedPage {
  readonly proposed: ReplayedIncident;
  readonly baseline: ReplayedIncident;
  /** Positive: the proposed rules were sooner. */
  readonly earlierMs: number;
}

export interface Comparison {
  readonly onlyProposed: readonly ReplayedIncident[];
  readonly onlyBaseline: readonly ReplayedIncident[];
  readonly shared: readonly SharedPage[];
  readonly medianEarlierMs: number | undefined;
  /** "This change would have sent 3 pages more (5 instead of 2) and told the 2 that both send 4 min earlier." */
  readonly sentence: string;
}

/** Pages of two rule sets over the same past. Those of one SLO that overlap in time are one page, told at different times. */
export function compareResults(proposed: BacktestResult, baseline: BacktestResult): Comparison {
  const before = baseline.incidents.filter(({ pagedAtMs }) => pagedAtMs !== undefined);
  const after = proposed.incidents.filter(({ pagedAtMs }) => pagedAtMs !== undefined);
  const left = new Set(before);
  const shared: SharedPage[] = [];
  const onlyProposed: ReplayedIncident[] = [];
  for (const page of after) {
    const same = [...left].find((other) => other.slo === page.slo && overlaps(other, page));
    if (same === undefined) onlyProposed.push(page);
    else {
      left.delete(same);
      shared.push({ proposed: page, baseline: same, earlierMs: (same.pagedAtMs ?? 0) - (page.pagedAtMs ?? 0) });
    }
  }
  const medianEarlierMs = median(shared.map(({ earlierMs }) => earlierMs));
  return { onlyProposed, onlyBaseline: [...left], shared, medianEarlierMs, sentence: sentenceOf({ pages: after.length, before: before.length, shared, medianEarlierMs }) };
}

function overlaps(left: ReplayedIncident, right: ReplayedIncident): boolean {
  return left.openedAtMs <= (right.resolvedAtMs ?? Infinity) && right.openedAtMs <= (left.resolvedAtMs ?? Infinity);
}

function sentenceOf(found: { readonly pages: number; readonly before: number; readonly shared: readonly SharedPage[]; readonly medianEarlierMs: number | undefined }): string {
  const { pages, before, shared, medianEarlierMs } = found;
  const more = pages - before;
  const number = more === 0 ? `as many pages as before (${pages})` : `${pagesInWords(Math.abs(more))} ${more > 0 ? 'more' : 'fewer'} (${pages} instead of ${before})`;
  if (shared.length === 0 || medianEarlierMs === undefined) return `This change would have sent ${number}.`;
  const both = shared.length === 1 ? 'the one that both send' : `the ${shared.length} that both send`;
  const when = medianEarlierMs === 0 ? 'at the same time' : `${formatSpan(Math.abs(medianEarlierMs))} ${medianEarlierMs > 0 ? 'earlier' : 'later'}${shared.length > 1 ? ' (median)' : ''}`;
  return `This change would have sent ${number}, and ${both} ${when}.`;
}

function pagesInWords(count: number): string {
  return `${count} page${count === 1 ? '' : 's'}`;
}

function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const ordered = [...values].sort((left, right) => left - right);
  const middle = Math.floor(ordered.length / 2);
  return ordered.length % 2 === 1 ? ordered[middle] : ((ordered[middle - 1] ?? 0) + (ordered[middle] ?? 0)) / 2;
}
