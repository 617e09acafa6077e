import type { BadEventReference, SloSlice } from '../sli/slice.js';
import type { MeasuredSlo } from './evaluate.js';
import type { MetricRow } from './prometheus-metrics.js';

interface EventCounts {
  good: number;
  bad: number;
  lastBad: BadEventReference | undefined;
}

/** Weighted good and bad events of each SLO since the process started, with the newest bad event as exemplar: the way from a panel to a trace. */
export class SloEventCounter {
  readonly #bySliceKey = new Map<string, EventCounts>();

  /** What a commit added. */
  committed(slices: readonly SloSlice[]): void {
    for (const { sliceKey, good, bad, lastBad } of slices) {
      const counts = this.#bySliceKey.get(sliceKey) ?? { good: 0, bad: 0, lastBad: undefined };
      counts.good += good;
      counts.bad += bad;
      if (lastBad !== undefined && lastBad.atMs >= (counts.lastBad?.atMs ?? 0)) counts.lastBad = lastBad;
      this.#bySliceKey.set(sliceKey, counts);
    }
  }

  /** A row for good and one for bad events of every SLO in force, zeros included: `rate` needs a value to start from. */
  rows(slos: readonly MeasuredSlo[], labelsOf: (slo: MeasuredSlo['slo']) => Readonly<Record<string, string>>): MetricRow[] {
    return slos.flatMap(({ slo, sliceKey }) => {
      const { good, bad, lastBad } = this.#bySliceKey.get(sliceKey) ?? { good: 0, bad: 0, lastBad: undefined };
      const labels = labelsOf(slo);
      const exemplar = lastBad === undefined ? undefined : { labels: { trace_id: lastBad.traceId, span_id: lastBad.spanId }, value: 1, atMs: lastBad.atMs };
      return [{ labels: { ...labels, outcome: 'good' }, value: good }, { labels: { ...labels, outcome: 'bad' }, value: bad, exemplar }];
    });
  }
}
