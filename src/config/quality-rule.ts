import { parseDuration, SECOND_MS } from '../lib/duration.js';
import { parsePercent } from '../lib/percent.js';
import { errorAt } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import type { RuleDocument } from './rule-documents.js';
import type { QUALITY_SPEC, WatchedKind } from './quality-schema.js';
import type { z } from 'zod';

/** What is good enough. The operator's own list (issue 9), except where docs/quality.md names another source. */
export interface QualityThresholds {
  /** Of whole traces, where no SLO of the service says otherwise. */
  readonly traceP95Ms: number;
  /** Share of the spans that are stored: everything, or between these. */
  readonly samplingLow: number;
  readonly samplingHigh: number;
  readonly partialTraces: number;
  readonly collectorLatencyMs: number;
  /** p95 of how long Tocsin takes to answer a question about traces. */
  readonly queryLatencyMs: number;
  readonly errorCapture: number;
  readonly spanNames: number;
  readonly attributeKeys: number;
  readonly logCorrelation: number;
}

/** Attributes that the organisation knows. */
export interface Glossary {
  readonly attributes: ReadonlySet<string>;
  /** `shop.`: every attribute that begins so. */
  readonly prefixes: readonly string[];
}

/** `kind: TraceQuality`. */
export interface QualityRules {
  readonly thresholds: QualityThresholds;
  readonly watch: ReadonlySet<WatchedKind>;
  /** Undefined: nothing is asked of attributes. */
  readonly glossary: Glossary | undefined;
  /** Who puts findings right, by service; `*` is everybody else's. Beats the owner of an SLO. */
  readonly owners: ReadonlyMap<string, string>;
}

export const ANY_SERVICE = '*';

export const DEFAULT_THRESHOLDS: QualityThresholds = {
  traceP95Ms: 500, samplingLow: 0.01, samplingHigh: 0.1, partialTraces: 0.05, collectorLatencyMs: 10 * SECOND_MS, queryLatencyMs: 2 * SECOND_MS, errorCapture: 0.99,
  spanNames: 200, attributeKeys: 300, logCorrelation: 0.5,
};

/** What costs the most when it is found a week late. The rest is in the weekly report unless a rule names it. */
export const DEFAULT_WATCH: readonly WatchedKind[] = ['broken-context', 'clock-skew', 'sensitive-data', 'partial-traces', 'missing-kinds', 'unknown-weight', 'collector-latency'];

export const DEFAULT_QUALITY: QualityRules = { thresholds: DEFAULT_THRESHOLDS, watch: new Set(DEFAULT_WATCH), glossary: undefined, owners: new Map() };

type QualityDocument = RuleDocument<'TraceQuality'>;
type Written = NonNullable<z.output<typeof QUALITY_SPEC>['thresholds']>;
type Report = (name: string, message: string, hint: string) => void;

/** Reads the `TraceQuality` document, of which there is one at most; without it the defaults hold. */
export function readQuality(documents: Iterable<QualityDocument>, problems: Problem[]): QualityRules {
  const [document, ...others] = [...documents];
  for (const { source } of others) problems.push(errorAt(source.at(['metadata', 'name']), 'rules/duplicate-name', { path: 'metadata.name', message: 'there is another TraceQuality document', hint: 'one says what is good enough: put both into it' }));
  if (document === undefined) return DEFAULT_QUALITY;
  const { content: { spec }, source } = document;
  const report: Report = (name, message, hint) => void problems.push(errorAt(source.at(['spec', 'thresholds', name]), 'rules/invalid-value', { path: `spec.thresholds.${name}`, message, hint }));
  return {
    thresholds: readThresholds(spec.thresholds ?? {}, report), watch: new Set(spec.watch ?? DEFAULT_WATCH), owners: new Map(Object.entries(spec.owners ?? {})),
    glossary: spec.glossary === undefined ? undefined : { attributes: new Set(spec.glossary.attributes), prefixes: spec.glossary.prefixes ?? [] },
  };
}

function readThresholds(written: Written, report: Report): QualityThresholds {
  const share = (name: 'samplingLow' | 'samplingHigh' | 'partialTraces' | 'errorCapture' | 'logCorrelation'): number => {
    const text = written[name];
    if (text === undefined) return DEFAULT_THRESHOLDS[name];
    const value = parsePercent(text);
    if (value === undefined || value < 0 || value > 1) report(name, `"${text}" is not a share`, 'write it like 5%');
    return value ?? DEFAULT_THRESHOLDS[name];
  };
  const time = (name: 'traceP95' | 'collectorLatency' | 'queryLatency', otherwise: number): number => {
    const text = written[name];
    if (text === undefined) return otherwise;
    const value = parseDuration(text);
    if (!value.ok) report(name, value.error, 'write it like 500ms, 10s or 2m');
    return value.ok ? value.value : otherwise;
  };
  const thresholds: QualityThresholds = {
    traceP95Ms: time('traceP95', DEFAULT_THRESHOLDS.traceP95Ms), collectorLatencyMs: time('collectorLatency', DEFAULT_THRESHOLDS.collectorLatencyMs), queryLatencyMs: time('queryLatency', DEFAULT_THRESHOLDS.queryLatencyMs),
    samplingLow: share('samplingLow'), samplingHigh: share('samplingHigh'), partialTraces: share('partialTraces'), errorCapture: share('errorCapture'), logCorrelation: share('logCorrelation'),
    spanNames: written.spanNames ?? DEFAULT_THRESHOLDS.spanNames, attributeKeys: written.attributeKeys ?? DEFAULT_THRESHOLDS.attributeKeys,
  };
  if (thresholds.samplingLow > thresholds.samplingHigh) report('samplingLow', 'it is above samplingHigh, so that no rate would be right', 'write the lower one here');
  return thresholds;
}
