import type { PatternFinding, PatternKind } from '../diagnosis/pattern/pattern.js';
import { PATTERN_WORDS } from '../diagnosis/pattern/pattern-words.js';
import type { Incident } from '../incident/incident.js';
import type { ReportWindow } from './quality-reader.js';

const SHOWN = 10;
const TRACES_SHOWN = 3;

/** A known pattern of trouble at one place, as the incidents of a time have it. */
export interface Trouble {
  readonly kind: PatternKind;
  readonly title: string;
  /** Where it is mended. */
  readonly service: string;
  readonly operation: string;
  /** Of the newest incident. */
  readonly words: string;
  readonly advice: string;
  /** Those that have it, and in how many of them it sets the failures apart; the newest one has its runbook. */
  readonly incidents: number;
  readonly explained: number;
  readonly incidentId: string;
  readonly traces: PatternFinding['traces'];
}

/** Those that explained most incidents first, then those that were in most. Of older incidents without a search for patterns there is nothing. */
export function troublesOf(incidents: readonly Incident[], { fromMs, toMs }: ReportWindow): readonly Trouble[] {
  const places = new Map<string, { readonly incident: Incident; readonly pattern: PatternFinding }[]>();
  for (const incident of incidents.filter(({ startedAtMs, isDrill }) => startedAtMs >= fromMs && startedAtMs < toMs && isDrill !== true)) {
    for (const pattern of incident.evidence?.patterns ?? []) {
      const key = JSON.stringify([pattern.kind, pattern.service, pattern.operation, pattern.peer ?? '']);
      places.set(key, [...(places.get(key) ?? []), { incident, pattern }]);
    }
  }
  const troubles = [...places].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, sightings]) => troubleOf(sightings));
  return troubles.sort((left, right) => right.explained - left.explained || right.incidents - left.incidents).slice(0, SHOWN);
}

function troubleOf(sightings: readonly { readonly incident: Incident; readonly pattern: PatternFinding }[]): Trouble {
  const newest = sightings.reduce((best, each) => (each.incident.startedAtMs > best.incident.startedAtMs ? each : best));
  const { kind, service, operation, words } = newest.pattern;
  const explaining = sightings.filter(({ pattern }) => pattern.explains);
  return {
    kind, ...PATTERN_WORDS[kind], service, operation, words, incidents: new Set(sightings.map(({ incident }) => incident.id)).size, explained: new Set(explaining.map(({ incident }) => incident.id)).size,
    incidentId: newest.incident.id, traces: newest.pattern.traces.slice(0, TRACES_SHOWN),
  };
}
