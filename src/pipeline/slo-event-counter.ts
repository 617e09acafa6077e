import { countedFor } from '../budget/slice-index.js';
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
    return slos.flatMap((rule) => {
      const { good, bad, lastBad } = this.#sum(rule);
      const labels = labelsOf(rule.slo);
      const exemplar = lastBad === undefined ? undefined : { labels: { trace_id: lastBad.traceId, span_id: lastBad.spanId }, value: 1, atMs: lastBad.atMs };
      return [{ labels: { ...labels, outcome: 'good' }, value: good }, { labels: { ...labels, outcome: 'bad' }, value: bad, exemplar }];
    });
  }

  /** Of a composite objective the events of all its parts. */
  #sum(rule: MeasuredSlo): EventCounts {
    const sum: EventCounts = { good: 0, bad: 0, lastBad: undefined };
    for (const { sliceKey } of countedFor(rule)) {
      const own = this.#bySliceKey.get(sliceKey);
      sum.good += own?.good ?? 0;
      sum.bad += own?.bad ?? 0;
      if (own?.lastBad !== undefined && own.lastBad.atMs >= (sum.lastBad?.atMs ?? 0)) sum.lastBad = own.lastBad;
    }
    return sum;
  }
}
