import { newVersions } from '../diagnosis/nearby-changes.js';
import { formatDuration, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import type { Change } from '../query/change.js';
import type { Readers } from '../query/readers.js';
import { minutesOf, stepMinutesOf } from '../query/service-summary.js';
import type { Breakdown, ChartExemplar } from '../query/survey-reader.js';
import type { TimeWindow } from '../query/time-window.js';
import { parseTraceSearch } from '../query/trace-query.js';
import { quote } from '../trace/traceql/string-literal.js';
import { CHANGE_WORDS, changeInWords } from './change-words.js';
import type { ChartMarker } from './chart.js';
import { facetViews, foundInWords, PLACES, PLACE_VALUES } from './trace-survey.js';
import { searchForm, searchUrl } from './trace-search-page.js';

/** Spans of more than this are not read for a page that refreshes itself; what was counted is. */
const MAX_READ_MS = 6 * HOUR_MS;
/** A version is new where another one was there so long before. */
const BEFORE_MS = 6 * HOUR_MS;
/** The same deployment, recorded and seen. */
const SAME_MS = 15 * MINUTE_MS;
const SHOWN_CHANGES = 10;

interface ServiceChange {
  readonly atMs: number;
  readonly words: string;
  readonly label: string;
  readonly version: string | undefined;
}

export interface Surroundings {
  readonly exemplars: readonly ChartExemplar[];
  readonly markers: readonly ChartMarker[];
  readonly changes: readonly ServiceChange[];
  readonly breakdown: Breakdown;
  readonly read: TimeWindow;
  readonly range: string;
}

/** What spans and people say of a service in a window, beside what was counted. */
export async function surroundingsOf({ surveys, versions, changes }: Pick<Readers, 'surveys' | 'versions' | 'changes'>, service: string, window: TimeWindow): Promise<Surroundings> {
  const read = { ...window, fromMs: Math.max(window.fromMs, window.toMs - MAX_READ_MS) };
  const stepMs = stepMinutesOf(window) * MINUTE_MS;
  const chartFromMs = minutesOf(window).first * MINUTE_MS;
  const firstStep = Math.max(0, Math.floor((read.fromMs - chartFromMs) / stepMs));
  const [exemplars, breakdown, seen, recorded] = await Promise.all([
    surveys.exemplars({ fromMs: chartFromMs + firstStep * stepMs, toMs: window.toMs, service, stepMs }),
    surveys.breakdown({ ...read, search: parseTraceSearch(requestsOf(service)), fields: PLACES, top: PLACE_VALUES }),
    versions.versions([service], { fromMs: window.fromMs - BEFORE_MS, toMs: window.toMs }),
    changes.list(window),
  ]);
  const ofService = recorded.filter((change) => change.service === undefined || change.service === service);
  const appeared = newVersions(seen, window.fromMs - BEFORE_MS).filter(({ atMs, version }) => atMs >= window.fromMs && !ofService.some((change) => change.version === version && Math.abs(change.atMs - atMs) <= SAME_MS));
  const all = [...ofService.map(recordedChange), ...appeared.map(({ atMs, version, previous }) => ({ atMs, version, label: version ?? '', words: `Version ${version ?? ''} appeared${previous === undefined ? '' : `, after ${previous}`}` }))].sort((left, right) => right.atMs - left.atMs);
  return {
    exemplars: exemplars.map((each) => ({ ...each, step: each.step + firstStep })), breakdown, read, range: formatDuration(window.toMs - window.fromMs),
    changes: all, markers: all.map(({ atMs, label }) => ({ atMs, label, style: 'deployment' })),
  };
}

function recordedChange(change: Change): ServiceChange {
  return { atMs: change.atMs, version: change.version, label: change.version ?? CHANGE_WORDS[change.kind], words: `${CHANGE_WORDS[change.kind]}: ${changeInWords(change)}` };
}

function requestsOf(service: string): string {
  return `{ resource.service.name = ${quote(service)} && (kind = server || kind = consumer) }`;
}

export function serviceSurroundings({ breakdown, changes, read, range }: Surroundings, service: string): Record<string, unknown> {
  const form = { ...searchForm({}), range };
  return {
    placesOf: foundInWords(breakdown), placesRange: formatDuration(read.toMs - read.fromMs),
    places: facetViews(breakdown, requestsOf(service), 1).map((facet) => ({ ...facet, values: facet.values.map((value) => ({ ...value, href: value.query === undefined ? undefined : searchUrl('/traces', form, { q: value.query }) })) })),
    changes: changes.slice(0, SHOWN_CHANGES).map(({ atMs, words, version }) => ({
      atMs, words, href: version === undefined ? undefined : `${searchUrl('/traces/cohorts', form, { q: requestsOf(service) })}&${new URLSearchParams({ select: `{ resource.service.version = ${quote(version)} }` }).toString()}`,
    })),
  };
}
