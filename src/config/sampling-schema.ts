import { z } from 'zod';

const MAX_POLICIES = 100;
const key = z.string().min(1).max(256);
const name = z.string().min(1).max(256);
const perSecond = z.number().positive().max(1e9);

const conditions = {
  always_sample: z.strictObject({ name, type: z.literal('always_sample') }),
  latency: z.strictObject({ name, type: z.literal('latency'), latency: z.strictObject({ threshold_ms: z.number().min(0), upper_threshold_ms: z.number().min(0).optional() }) }),
  numeric: z.strictObject({ name, type: z.literal('numeric_attribute'), numeric_attribute: z.strictObject({ key, min_value: z.number().optional(), max_value: z.number().optional(), invert_match: z.boolean().optional() }) }),
  probabilistic: z.strictObject({ name, type: z.literal('probabilistic'), probabilistic: z.strictObject({ hash_salt: z.string().optional(), sampling_percentage: z.number().min(0) }) }),
  status: z.strictObject({ name, type: z.literal('status_code'), status_code: z.strictObject({ status_codes: z.array(z.enum(['ERROR', 'OK', 'UNSET'])).min(1) }) }),
  string: z.strictObject({ name, type: z.literal('string_attribute'), string_attribute: z.strictObject({ key, values: z.array(z.string().max(1_024)).min(1).max(100), enabled_regex_matching: z.boolean().optional(), cache_max_size: z.int().optional(), invert_match: z.boolean().optional() }) }),
  rate: z.strictObject({ name, type: z.literal('rate_limiting'), rate_limiting: z.strictObject({ spans_per_second: perSecond }) }),
  spanCount: z.strictObject({ name, type: z.literal('span_count'), span_count: z.strictObject({ min_spans: z.int().min(0), max_spans: z.int().min(0).optional() }) }),
  boolean: z.strictObject({ name, type: z.literal('boolean_attribute'), boolean_attribute: z.strictObject({ key, value: z.boolean(), invert_match: z.boolean().optional() }) }),
  bytes: z.strictObject({ name, type: z.literal('bytes_limiting'), bytes_limiting: z.strictObject({ bytes_per_second: perSecond, burst_capacity: z.number().positive().optional() }) }),
  traceState: z.strictObject({ name, type: z.literal('trace_state'), trace_state: z.strictObject({ key, values: z.array(z.string().min(1).max(256)).min(1).max(100) }) }),
  traceFlags: z.strictObject({ name, type: z.literal('trace_flags') }),
} as const;

/** What asks one thing of a trace, so that its opposite can be asked for. */
const question = z.discriminatedUnion('type', [conditions.latency, conditions.numeric, conditions.status, conditions.string, conditions.spanCount, conditions.boolean, conditions.traceState, conditions.traceFlags]);
const not = z.strictObject({ name, type: z.literal('not'), not: z.strictObject({ not_sub_policy: question }) });
const leaf = z.discriminatedUnion('type', [conditions.always_sample, conditions.latency, conditions.numeric, conditions.probabilistic, conditions.status, conditions.string, conditions.rate, conditions.bytes, conditions.spanCount, conditions.boolean, conditions.traceState, conditions.traceFlags, not]);
const subPolicies = z.array(leaf).min(1).max(20);
const and = z.strictObject({ name, type: z.literal('and'), and: z.strictObject({ and_sub_policy: subPolicies }) });
const drop = z.strictObject({ name, type: z.literal('drop'), drop: z.strictObject({ drop_sub_policy: subPolicies }) });
const composite = z.strictObject({
  name, type: z.literal('composite'),
  composite: z.strictObject({
    max_total_spans_per_second: perSecond,
    policy_order: z.array(name).min(1),
    composite_sub_policy: z.array(z.discriminatedUnion('type', [...leaf.options, and])).min(1).max(20),
    rate_allocation: z.array(z.strictObject({ policy: name, percent: z.number().min(0).max(100) })).optional(),
  }),
});
/** What the collector has no word for: TraceQL. */
const traceql = z.strictObject({ name, type: z.literal('traceql'), traceql: z.strictObject({ query: z.string().min(1).max(4_096), share: z.string().optional(), drop: z.literal(true).optional() }) });

const retentionRule = z.strictObject({ service: z.string().min(1).optional(), reason: z.string().min(1).optional(), maxAge: z.string() });

export const samplingSpecSchema = z.strictObject({
  description: z.string().max(1_050).optional(),
  budget: z.union([z.literal('none'), z.strictObject({ spansPerSecond: perSecond.optional(), bytesPerSecond: perSecond.optional() })]).optional(),
  whileBurning: z.number().min(1).max(100).optional(),
  baseline: z.string().optional(),
  errors: z.boolean().optional(),
  slow: z.string().optional(),
  fast: z.string().optional(),
  rare: z.string().optional(),
  newFor: z.string().optional(),
  policies: z.array(z.discriminatedUnion('type', [...leaf.options, and, drop, composite, traceql])).max(MAX_POLICIES).optional(),
  retention: z.strictObject({ maxAge: z.string().optional(), maxSize: z.string().optional(), minFree: z.string().optional(), rules: z.array(retentionRule).max(MAX_POLICIES).optional() }).optional(),
});

export type SamplingSpec = z.output<typeof samplingSpecSchema>;
export type PolicyDocument = NonNullable<SamplingSpec['policies']>[number];
export type LeafDocument = z.output<typeof leaf>;
