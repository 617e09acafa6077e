import type { SliceDelta } from '../budget/minute-series.js';
import { countedFor, SliceIndex } from '../budget/slice-index.js';
import type { SloStatus } from '../budget/slo-status.js';
import type { CoverageOf } from '../budget/window-reading.js';
import type { Severity } from '../config/slo.js';
import type { Incident, Transition } from '../incident/incident.js';
import { MINUTE_MS } from '../lib/duration.js';
import { readGroupKey } from '../sli/slo-group.js';
import { evaluate, type MeasuredSlo } from './evaluate.js';
import { sloNameOf } from './slo-signal.js';

/** A slice as it was known from its arrival on. */
export interface ArrivedSlice extends SliceDelta {
  readonly sliceKey: string;
  readonly arrivalMinute: number;
}

/** One incident that the rules would have opened. */
export interface ReplayedIncident {
  readonly slo: string;
  readonly service: string;
  /** The highest it reached. */
  readonly severity: Severity;
  readonly openedAtMs: number;
  /** When somebody would have been woken; undefined for tickets. */
  readonly pagedAtMs: number | undefined;
  /** Undefined where it was still open at the end. */
  readonly resolvedAtMs: number | undefined;
  /** It fired in the first minute: it may have begun before. */
  readonly atStart: boolean;
  /** The arithmetic at the page, else at the opening. */
  readonly summary: string;
}

export interface ReplayOptions {
  readonly slos: readonly MeasuredSlo[];
  readonly coverage: CoverageOf;
  /** Unix minutes: slices that arrived before are known but nothing is judged. */
  readonly fromMinute: number;
}

const TRIM_EVERY_MINUTES = 60;

/**
 * The past once more, by arrival: minute by minute, each judged by the same `evaluate` that pages, with what was known by its end.
 * Ticks were closer together, so that the live service was up to a minute earlier. Takes its slices in portions, oldest arrival first.
 */
export class Replay {
  readonly #options: ReplayOptions;
  readonly #slices = new SliceIndex();
  readonly #incidents = new Map<string, ReplayedIncident>();
  #open: readonly Incident[] = [];
  #statuses: readonly SloStatus[] = [];
  #evaluations = 0;

  constructor(options: ReplayOptions) {
    this.#options = options;
    for (const rule of options.slos) this.#slices.track(rule);
  }

  /** Judges the minutes [fromMinute, toMinute); `arrived` are the slices of these minutes, by arrival. Slices of others' keys are left out. */
  run(arrived: readonly ArrivedSlice[], fromMinute: number, toMinute: number): void {
    const keys = new Set(this.#options.slos.flatMap(countedFor).map(({ sliceKey }) => sliceKey));
    let next = 0;
    for (let minute = fromMinute; minute < toMinute; minute += 1) {
      for (let slice = arrived[next]; slice !== undefined && slice.arrivalMinute <= minute; slice = arrived[next]) {
        if (keys.has(readGroupKey(slice.sliceKey).sliceKey)) this.#slices.add([slice]);
        next += 1;
      }
      if (minute >= this.#options.fromMinute) this.#judge(minute);
      if (minute % TRIM_EVERY_MINUTES === 0) this.#slices.trim(minute * MINUTE_MS);
    }
  }

  /** Oldest first. */
  incidents(): ReplayedIncident[] {
    return [...this.#incidents.values()];
  }

  /** As of the last minute judged. */
  statuses(): readonly SloStatus[] {
    return this.#statuses;
  }

  /** Minutes judged. */
  get evaluations(): number {
    return this.#evaluations;
  }

  /** A minute in which Tocsin was down is not judged: nobody was there to page. */
  #judge(minute: number): void {
    const { slos, coverage } = this.#options;
    if (coverage(minute, minute + 1) === 0) return;
    const nowMs = (minute + 1) * MINUTE_MS - 1;
    const evaluation = evaluate({ nowMs, slos, slices: this.#slices, coverage, openIncidents: this.#open });
    this.#statuses = evaluation.statuses;
    this.#evaluations += 1;
    if (evaluation.incidents.length === 0) return;
    const changed = new Map(evaluation.incidents.map((incident) => [incident.id, incident]));
    const fresh = evaluation.incidents.filter(({ id }) => !this.#open.some((open) => open.id === id));
    this.#open = [...this.#open.map((open) => changed.get(open.id) ?? open), ...fresh].filter(({ status }) => status !== 'resolved');
    for (const transition of evaluation.transitions) this.#note(transition, minute);
  }

  #note({ kind, incident, atMs }: Transition, minute: number): void {
    const known = this.#incidents.get(incident.id);
    const [alert] = incident.alerts;
    const paged = incident.severity === 'page' && (kind === 'opened' || kind === 'upgraded');
    if (kind === 'opened' || known === undefined) {
      this.#incidents.set(incident.id, {
        slo: sloNameOf(incident) ?? incident.key, service: alert?.labels['service'] ?? '', severity: incident.severity, openedAtMs: atMs,
        pagedAtMs: paged ? atMs : undefined, resolvedAtMs: undefined, atStart: minute === this.#options.fromMinute, summary: alert?.annotations['summary'] ?? incident.title,
      });
    } else if (paged && known.pagedAtMs === undefined) {
      this.#incidents.set(incident.id, { ...known, severity: 'page', pagedAtMs: atMs, summary: alert?.annotations['summary'] ?? known.summary });
    } else if (kind === 'resolved') {
      this.#incidents.set(incident.id, { ...known, resolvedAtMs: atMs });
    }
  }
}
