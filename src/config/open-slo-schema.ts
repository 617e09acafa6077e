import { z } from 'zod';
import type { IssueParams } from '../lib/validate-document.js';

/** OpenSLO v1, README of the specification: names are RFC 1123 labels, descriptions have at most 1050 characters. */
const MAX_NAME = 63;
const MAX_DESCRIPTION = 1_050;
const MAX_QUERY = 8_192;
const MAX_ITEMS = 100;

export const nameSchema = z.string().min(1).max(MAX_NAME)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'is not a name: use lower-case letters, digits and dashes, like checkout-availability');
const descriptionSchema = z.string().max(MAX_DESCRIPTION);
const textSchema = z.string().min(1).max(MAX_DESCRIPTION);

/** Keys with these prefixes have a meaning; any other is the operator's own. */
export const RUNBOOK_ANNOTATION = 'tocsin.dev/runbook';
export const OWNER_ANNOTATION = 'tocsin.dev/owner';

function reserved(context: z.RefinementCtx, path: string, text: { message: string; hint: string }): void {
  context.addIssue({ code: 'custom', path: [path], message: text.message, params: { code: 'rules/reserved-name', hint: text.hint } satisfies IssueParams });
}

/** Labels that Tocsin sets on every alert itself. */
const ALERT_LABELS = new Set(['alertname', 'slo', 'service', 'severity', 'incident']);

export const metadataSchema = z.strictObject({
  name: nameSchema,
  displayName: textSchema.optional(),
  labels: z.record(z.string(), z.union([z.string(), z.array(z.string()).max(MAX_ITEMS)])).superRefine((labels, context) => {
    for (const key of Object.keys(labels)) {
      if (ALERT_LABELS.has(key)) reserved(context, key, { message: `Tocsin sets the label "${key}" itself`, hint: `take another name, like own_${key}` });
    }
  }).optional(),
  annotations: z.record(z.string(), z.string()).superRefine((annotations, context) => {
    for (const key of Object.keys(annotations)) {
      if (key.startsWith('openslo.com/')) reserved(context, key, { message: 'annotations that begin with openslo.com/ are reserved by OpenSLO', hint: 'take a prefix of your own' });
      if (key.startsWith('tocsin.dev/') && key !== RUNBOOK_ANNOTATION && key !== OWNER_ANNOTATION) {
        reserved(context, key, { message: `there is no annotation "${key}"`, hint: `Tocsin reads ${RUNBOOK_ANNOTATION} and ${OWNER_ANNOTATION}` });
      }
    }
  }).optional(),
});

const envelope = { apiVersion: z.literal('openslo/v1'), metadata: metadataSchema };

/** Attributes, like resource.cloud.region, span.http.route or tenant. */
const groupBySchema = z.array(z.string().regex(/^[\w.\-/"]{1,256}$/, 'is not the name of an attribute, like resource.cloud.region')).min(1).max(3);

const metricSourceSchema = z.strictObject({
  metricSource: z.strictObject({
    metricSourceRef: nameSchema.optional(),
    type: z.string().min(1).optional(),
    spec: z.strictObject({
      query: z.string().min(1).max(MAX_QUERY),
      unit: z.enum(['span', 'trace']).optional(),
      weight: z.string().min(1).max(256).optional(),
      groupBy: groupBySchema.optional(),
    }),
  }),
});

const thresholdSourceSchema = z.strictObject({
  metricSource: z.strictObject({
    metricSourceRef: nameSchema.optional(),
    type: z.string().min(1).optional(),
    spec: z.strictObject({
      query: z.string().min(1).max(MAX_QUERY),
      unit: z.enum(['span', 'trace']).optional(),
      weight: z.string().min(1).max(256).optional(),
      groupBy: groupBySchema.optional(),
      /** A percentile of the durations in a slice; without it each span is compared. */
      aggregate: z.string().min(1).max(16).optional(),
      durationUnit: z.enum(['ms', 's']).optional(),
    }),
  }),
});

/** `value` names the attribute that holds the ratio, as a number from 0 to 1. */
const rawSourceSchema = z.strictObject({
  metricSource: z.strictObject({
    metricSourceRef: nameSchema.optional(),
    type: z.string().min(1).optional(),
    spec: z.strictObject({
      query: z.string().min(1).max(MAX_QUERY),
      value: z.string().regex(/^[\w.\-/]{1,256}$/, 'is not the name of an attribute of spans, like batch.success_ratio'),
      unit: z.enum(['span', 'trace']).optional(),
      weight: z.string().min(1).max(256).optional(),
      groupBy: groupBySchema.optional(),
    }),
  }),
});

function checkRaw(ratio: { readonly raw?: unknown; readonly rawType?: unknown; readonly good?: unknown; readonly bad?: unknown; readonly total?: unknown }, context: z.RefinementCtx): void {
  const beside = (['good', 'bad', 'total'] as const).filter((key) => ratio[key] !== undefined);
  if (beside.length > 0) context.addIssue({ code: 'custom', path: [beside[0] ?? ''], message: `"raw" is a ratio already, "${beside[0] ?? ''}" has no place beside it`, params: { hint: 'write "raw" and "rawType" alone, or "total" with "good" or "bad"' } satisfies IssueParams });
  if (ratio.raw === undefined || ratio.rawType === undefined) context.addIssue({ code: 'custom', message: ratio.raw === undefined ? '"rawType" is there and "raw" is not' : 'a raw ratio needs "rawType"', params: { code: 'rules/missing-key', hint: 'rawType: success (good / total) or failure (bad / total)' } satisfies IssueParams });
}

const sliSpecSchema = z.strictObject({
  description: descriptionSchema.optional(),
  thresholdMetric: thresholdSourceSchema.optional(),
  ratioMetric: z.strictObject({
    counter: z.boolean().optional(),
    good: metricSourceSchema.optional(),
    bad: metricSourceSchema.optional(),
    total: metricSourceSchema.optional(),
    raw: rawSourceSchema.optional(),
    rawType: z.enum(['success', 'failure']).optional(),
  }).superRefine((ratio, context) => {
    if (ratio.raw !== undefined || ratio.rawType !== undefined) {
      checkRaw(ratio, context);
      return;
    }
    if (ratio.total === undefined) {
      context.addIssue({ code: 'custom', message: 'the ratio needs "total"', params: { code: 'rules/missing-key', hint: 'add the query of all events, or write "raw" and "rawType" alone' } satisfies IssueParams });
      return;
    }
    if ((ratio.good === undefined) === (ratio.bad === undefined)) {
      context.addIssue({ code: 'custom', message: ratio.good === undefined ? 'the ratio needs "bad" or "good"' : 'the ratio has both "bad" and "good"', params: { hint: 'write exactly one of them; it is matched within "total"' } satisfies IssueParams });
    }
  }).optional(),
}).superRefine((spec, context) => {
  if ((spec.ratioMetric === undefined) === (spec.thresholdMetric === undefined)) {
    context.addIssue({ code: 'custom', message: spec.ratioMetric === undefined ? 'the SLI needs "ratioMetric" or "thresholdMetric"' : 'the SLI has both "ratioMetric" and "thresholdMetric"', params: { hint: 'write exactly one of them' } satisfies IssueParams });
  }
});

const conditionSpecSchema = z.strictObject({
  description: descriptionSchema.optional(),
  severity: z.string().min(1),
  condition: z.strictObject({
    kind: z.literal('burnrate').optional(),
    op: z.enum(['lte', 'gte', 'lt', 'gt']),
    threshold: z.number(),
    lookbackWindow: z.string(),
    alertAfter: z.string().optional(),
  }),
});

const targetSpecSchema = z.strictObject({ target: z.string().min(1), description: descriptionSchema.optional() });

const policySpecSchema = z.strictObject({
  description: descriptionSchema.optional(),
  alertWhenNoData: z.boolean().optional(),
  alertWhenResolved: z.boolean().optional(),
  alertWhenBreaching: z.boolean().optional(),
  conditions: z.array(z.union([
    z.strictObject({ conditionRef: nameSchema }),
    z.strictObject({ kind: z.literal('AlertCondition').optional(), metadata: metadataSchema.optional(), spec: conditionSpecSchema }),
  ])).min(1).max(1),
  notificationTargets: z.array(z.union([
    z.strictObject({ targetRef: nameSchema }),
    z.strictObject({ kind: z.literal('AlertNotificationTarget').optional(), metadata: metadataSchema.optional(), spec: targetSpecSchema }),
  ])).max(MAX_ITEMS).optional(),
});

const inlineSliSchema = z.strictObject({ metadata: metadataSchema.optional(), spec: sliSpecSchema });

const objectiveSchema = z.strictObject({
  displayName: textSchema.optional(),
  /** Of a composite objective: what this part of it counts, and how much of the whole budget its burning costs. */
  indicator: inlineSliSchema.optional(),
  indicatorRef: nameSchema.optional(),
  compositeWeight: z.number().gt(0).max(1_000).optional(),
  op: z.enum(['lte', 'gte', 'lt', 'gt']).optional(),
  value: z.number().optional(),
  target: z.number().optional(),
  targetPercent: z.number().optional(),
  timeSliceTarget: z.number().gt(0).max(1).optional(),
  timeSliceWindow: z.union([z.number(), z.string()]).optional(),
});

const sloSpecSchema = z.strictObject({
  description: descriptionSchema.optional(),
  service: nameSchema,
  indicator: inlineSliSchema.optional(),
  indicatorRef: nameSchema.optional(),
  timeWindow: z.array(z.strictObject({
    duration: z.string(), isRolling: z.boolean().optional(),
    calendar: z.strictObject({ startTime: z.string(), timeZone: z.string() }).optional(),
  })).min(1).max(1),
  budgetingMethod: z.enum(['Occurrences', 'Timeslices', 'RatioTimeslices']),
  objectives: z.array(objectiveSchema).min(1).max(MAX_ITEMS),
  alertPolicies: z.array(z.union([
    z.strictObject({ alertPolicyRef: nameSchema }),
    z.strictObject({ kind: z.literal('AlertPolicy').optional(), metadata: metadataSchema.optional(), spec: policySpecSchema }),
  ])).max(MAX_ITEMS).optional(),
}).superRefine((spec, context) => {
  const own = spec.objectives.filter(hasIndicator);
  if (own.length > 0) {
    checkComposite(spec, context);
    return;
  }
  if ((spec.indicator === undefined) === (spec.indicatorRef === undefined)) {
    context.addIssue({ code: 'custom', message: spec.indicator === undefined ? 'the SLO needs "indicator" or "indicatorRef"' : 'the SLO has both "indicator" and "indicatorRef"', params: { hint: 'write exactly one of them' } satisfies IssueParams });
  }
  for (const [index, { compositeWeight }] of spec.objectives.entries()) {
    if (compositeWeight !== undefined) context.addIssue({ code: 'custom', path: ['objectives', index, 'compositeWeight'], message: 'a weight belongs to the parts of a composite objective, which have indicators of their own', params: { hint: 'remove it, or give each objective an "indicator" or "indicatorRef"' } satisfies IssueParams });
  }
});

/** An objective with an indicator of its own is a part of a composite one. */
export function hasIndicator({ indicator, indicatorRef }: Pick<z.output<typeof objectiveSchema>, 'indicator' | 'indicatorRef'>): boolean {
  return indicator !== undefined || indicatorRef !== undefined;
}

/** A composite objective: every part says what it counts, and nothing is counted beside them. */
function checkComposite(spec: { readonly indicator?: unknown; readonly indicatorRef?: unknown; readonly objectives: readonly z.output<typeof objectiveSchema>[] }, context: z.RefinementCtx): void {
  const shared = spec.indicator === undefined ? 'indicatorRef' : 'indicator';
  if (spec[shared] !== undefined) context.addIssue({ code: 'custom', path: [shared], message: `the objectives have indicators of their own, "${shared}" has no place beside them`, params: { hint: `remove it, or remove those of the objectives` } satisfies IssueParams });
  if (spec.objectives.length === 1) context.addIssue({ code: 'custom', path: ['objectives'], message: 'a composite objective needs at least two parts', params: { hint: 'write the indicator at "spec", beside "objectives"' } satisfies IssueParams });
  for (const [index, objective] of spec.objectives.entries()) {
    const path = ['objectives', index];
    if (!hasIndicator(objective)) context.addIssue({ code: 'custom', path, message: 'this objective has no indicator, and others of the composite have', params: { code: 'rules/missing-key', hint: 'add "indicator" or "indicatorRef"' } satisfies IssueParams });
    if (objective.indicator !== undefined && objective.indicatorRef !== undefined) context.addIssue({ code: 'custom', path, message: 'the objective has both "indicator" and "indicatorRef"', params: { hint: 'write exactly one of them' } satisfies IssueParams });
  }
}

export const openSloSchemas = {
  SLO: z.strictObject({ ...envelope, kind: z.literal('SLO'), spec: sloSpecSchema }),
  SLI: z.strictObject({ ...envelope, kind: z.literal('SLI'), spec: sliSpecSchema }),
  Service: z.strictObject({ ...envelope, kind: z.literal('Service'), spec: z.strictObject({ description: descriptionSchema.optional() }).nullish() }),
  DataSource: z.strictObject({
    ...envelope,
    kind: z.literal('DataSource'),
    spec: z.strictObject({ description: descriptionSchema.optional(), type: z.string().min(1), connectionDetails: z.unknown().optional() }),
  }),
  AlertPolicy: z.strictObject({ ...envelope, kind: z.literal('AlertPolicy'), spec: policySpecSchema }),
  AlertCondition: z.strictObject({ ...envelope, kind: z.literal('AlertCondition'), spec: conditionSpecSchema }),
  AlertNotificationTarget: z.strictObject({ ...envelope, kind: z.literal('AlertNotificationTarget'), spec: targetSpecSchema }),
} as const;

export type SloDocument = z.output<typeof openSloSchemas.SLO>;
export type Objective = z.output<typeof objectiveSchema>;
export type SliSpec = z.output<typeof sliSpecSchema>;
export type MetricSource = z.output<typeof metricSourceSchema>;
export type AlertPolicySpec = z.output<typeof policySpecSchema>;
export type AlertConditionSpec = z.output<typeof conditionSpecSchema>;
export type DataSourceSpec = z.output<typeof openSloSchemas.DataSource>['spec'];
