import { z } from 'zod';

/** Findings that can be tickets within minutes: those that are seen in the spans of a few minutes, and make alerts from traces untrustworthy. */
export const WATCHABLE = [
  'broken-context', 'clock-skew', 'sensitive-data', 'orphans', 'partial-traces', 'rootless-traces', 'missing-kinds', 'wrong-status', 'unknown-weight', 'sampling-bias', 'mixed-weights', 'limits-hit', 'collector-latency',
] as const;
export type WatchedKind = (typeof WATCHABLE)[number];

const MAX_ENTRIES = 5_000;
const name = z.string().min(1).max(256);

/** `spec` of `kind: TraceQuality`. */
export const QUALITY_SPEC = z.strictObject({
  thresholds: z.strictObject({
    traceP95: z.string().optional(),
    samplingLow: z.string().optional(),
    samplingHigh: z.string().optional(),
    partialTraces: z.string().optional(),
    collectorLatency: z.string().optional(),
    queryLatency: z.string().optional(),
    errorCapture: z.string().optional(),
    spanNames: z.int().min(1).max(1e6).optional(),
    attributeKeys: z.int().min(1).max(1e6).optional(),
    logCorrelation: z.string().optional(),
  }).optional(),
  watch: z.array(z.enum(WATCHABLE)).max(WATCHABLE.length).optional(),
  glossary: z.strictObject({ attributes: z.array(name).max(MAX_ENTRIES).optional(), prefixes: z.array(name).max(MAX_ENTRIES).optional() }).optional(),
  owners: z.record(name, name).optional(),
});
