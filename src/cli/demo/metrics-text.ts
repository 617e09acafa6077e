/** One line of Prometheus' text format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export function readSamples(text: string): readonly Sample[] {
  return text.split('\n').flatMap((line) => {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ([^\s]+)/.exec(line);
    if (match === null) return [];
    const pairs = [...(match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
    const labels = Object.fromEntries(pairs.map(([, key = '', value = '']) => [key, value]));
    return [{ name: match[1] ?? '', labels, value: Number(match[3]) }];
  });
}

/** Sum over all series of one metric whose labels include `wanted`; undefined when there is none. */
export function sumOf(samples: readonly Sample[], name: string, wanted: Readonly<Record<string, string>> = {}): number | undefined {
  const found = samples.filter((sample) => sample.name === name && Object.entries(wanted).every(([key, value]) => sample.labels[key] === value));
  return found.length === 0 ? undefined : found.reduce((sum, sample) => sum + sample.value, 0);
}

export interface Durations {
  readonly count: number;
  readonly meanSeconds: number;
  /** Upper edge of the slowest filled bucket. */
  readonly slowestSeconds: number;
}

/** What a histogram says; undefined while it is empty. */
export function readHistogram(samples: readonly Sample[], name: string): Durations | undefined {
  const count = sumOf(samples, `${name}_count`) ?? 0;
  if (count === 0) return undefined;
  const buckets = new Map<number, number>();
  for (const { name: series, labels, value } of samples) {
    if (series !== `${name}_bucket`) continue;
    const edge = labels['le'] === '+Inf' ? Infinity : Number(labels['le']);
    buckets.set(edge, (buckets.get(edge) ?? 0) + value);
  }
  const slowestSeconds = Math.min(...[...buckets].filter(([, reached]) => reached >= count).map(([edge]) => edge));
  return { count, meanSeconds: (sumOf(samples, `${name}_sum`) ?? 0) / count, slowestSeconds };
}
