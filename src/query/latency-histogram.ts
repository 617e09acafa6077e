import type { MetricSample } from '../pipeline/exposition.js';

/** Prometheus' histogram, filled from the logarithmic buckets that slices are counted in: one that straddles a border counts where its middle lies. */
export class LatencyHistogram {
  readonly #limitsS: readonly number[];
  /** Not cumulative; the last one is +Inf. */
  readonly #counts: number[];
  #sumS = 0;
  #count = 0;

  constructor(limitsS: readonly number[]) {
    this.#limitsS = limitsS;
    this.#counts = Array.from({ length: limitsS.length + 1 }, () => 0);
  }

  /** `seconds` is the sum of `count` durations that `middleNs` stands for. */
  add(middleNs: number, count: number, seconds: number): void {
    const index = this.#limitsS.findIndex((limit) => middleNs / 1e9 <= limit);
    this.#counts[index === -1 ? this.#limitsS.length : index]! += count;
    this.#sumS += seconds;
    this.#count += count;
  }

  samples(labels: Readonly<Record<string, string>>): MetricSample[] {
    let reached = 0;
    const cumulative = this.#counts.map((count, index) => {
      reached += count;
      const limit = this.#limitsS[index];
      return { suffix: '_bucket', labels: { ...labels, le: limit === undefined ? '+Inf' : String(Number(limit.toPrecision(6))) }, value: reached };
    });
    return [...cumulative, { suffix: '_sum', labels, value: this.#sumS }, { suffix: '_count', labels, value: this.#count }];
  }
}
