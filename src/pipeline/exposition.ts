/** A trace that stands for a sample, as OpenMetrics carries it; Prometheus' own text format has no place for it. */
export interface Exemplar {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly atMs: number;
}

export interface MetricSample {
  /** What stands behind the family's name: `_bucket`, `_sum`, `_count`; empty for counters and gauges. */
  readonly suffix: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly exemplar?: Exemplar | undefined;
}

export interface MetricFamily {
  /** With `_total` where it is a counter; OpenMetrics wants it at the sample only. */
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly samples: readonly MetricSample[];
}

export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const OPENMETRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** In the format that the scraper prefers (RFC 9110, 12.5.1); Prometheus' own text where it does not say. */
export function expose(families: readonly MetricFamily[], accept: string | undefined): Exposition {
  return prefersOpenMetrics(accept)
    ? { contentType: OPENMETRICS_TYPE, text: `${families.map(openMetricsFamily).join('')}# EOF\n` }
    : { contentType: PROMETHEUS_TYPE, text: families.map(prometheusFamily).join('\n') };
}

/** `Accept: application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2` is what Prometheus sends. */
export function prefersOpenMetrics(accept: string | undefined): boolean {
  const ranges = (accept ?? '').split(',').map(readRange);
  const openMetrics = Math.max(0, ...ranges.filter(({ type, version }) => type === 'application/openmetrics-text' && (version ?? '1.0.0').startsWith('1.')).map(({ quality }) => quality));
  const plain = Math.max(0, ...ranges.filter(({ type }) => type === 'text/plain').map(({ quality }) => quality));
  return openMetrics > 0 && openMetrics >= plain;
}

function readRange(text: string): { readonly type: string; readonly quality: number; readonly version: string | undefined } {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const valueOf = (name: string): string | undefined => parameters.find((parameter) => parameter.startsWith(`${name}=`))?.slice(name.length + 1);
  const quality = Number(valueOf('q') ?? 1);
  return { type, quality: Number.isFinite(quality) ? quality : 0, version: valueOf('version') };
}

function prometheusFamily({ name, help, type, samples }: MetricFamily): string {
  const lines = samples.map((sample) => `${name}${sample.suffix}${labelsText(sample.labels)} ${numberText(sample.value)}\n`);
  return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function openMetricsFamily({ name, help, type, samples }: MetricFamily): string {
  const family = type === 'counter' ? name.replace(/_total$/, '') : name;
  const suffixOf = (sample: MetricSample): string => (type === 'counter' ? '_total' : sample.suffix);
  const lines = samples.map((sample) => `${family}${suffixOf(sample)}${labelsText(sample.labels)} ${numberText(sample.value)}${exemplarText(sample.exemplar)}\n`);
  return `# HELP ${family} ${escaped(help)}\n# TYPE ${family} ${type}\n${lines.join('')}`;
}

function exemplarText(exemplar: Exemplar | undefined): string {
  if (exemplar === undefined) return '';
  return ` # ${labelsText(exemplar.labels)} ${numberText(exemplar.value)} ${(exemplar.atMs / 1_000).toFixed(3)}`;
}

function labelsText(labels: Readonly<Record<string, string | number>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(String(value))}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
}
