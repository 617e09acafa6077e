import { ANOMALY_SIGNALS } from './anomaly-signals.js';
import { z } from 'zod';
import { metadataSchema } from './open-slo-schema.js';
import { redactionSchema } from './redaction-schema.js';
import { QUALITY_SPEC } from './quality-schema.js';
import { samplingSpecSchema } from './sampling-schema.js';

const MAX_TIERS = 8;
const MAX_STEPS = 20;
const MAX_EXCLUDED = 1_000;
const envelope = { apiVersion: z.literal('tocsin.dev/v1'), metadata: metadataSchema };

const evidenceSchema = z.union([
  z.literal('off'),
  z.strictObject({ burn: z.number().positive().optional(), significance: z.number().gt(0).max(0.5).optional() }),
]);

const MAX_REPEATS = 20;
const MAX_OCCURRENCES = 1_000;
const names = z.array(z.string().min(1).max(256)).max(50);

/** Kinds of `apiVersion: tocsin.dev/v1`. */
export const tocsinSchemas = {
  BurnRatePolicy: z.strictObject({
    ...envelope,
    kind: z.literal('BurnRatePolicy'),
    spec: z.strictObject({
      description: z.string().max(1_050).optional(),
      presetFor: z.string().optional(),
      tiers: z.array(z.strictObject({
        severity: z.enum(['page', 'ticket']),
        budget: z.string().optional(),
        factor: z.number().positive().max(1_000_000).optional(),
        long: z.string(),
        short: z.string(),
      })).min(1).max(MAX_TIERS),
      evidence: evidenceSchema.optional(),
      tracesStopped: z.enum(['page', 'ticket']).optional(),
    }),
  }),
  Receiver: z.strictObject({
    ...envelope,
    // Receivers of routing.yaml may have any name, so this is not an RFC 1123 name.
    metadata: z.strictObject({ name: z.string().min(1).max(256) }),
    kind: z.literal('Receiver'),
    spec: z.strictObject({
      webhook: z.strictObject({ secretFile: z.string().min(1).max(4_096).optional(), body: z.string().min(1).max(65_536).optional(), contentType: z.string().regex(/^[\w.+-]+\/[\w.+-]+(?:; ?charset=[\w-]+)?$/).max(128).optional() }).optional(),
      alertmanagers: z.array(z.strictObject({ url: z.url({ protocol: /^https?$/ }).max(4_096), credentialsFile: z.string().min(1).max(4_096).optional(), sendResolved: z.boolean().optional() })).min(1).max(10).optional(),
    }),
  }),
  EscalationPolicy: z.strictObject({
    ...envelope,
    kind: z.literal('EscalationPolicy'),
    spec: z.strictObject({
      receivers: names.min(1),
      severity: z.enum(['page', 'ticket']).optional(),
      during: names.optional(),
      steps: z.array(z.strictObject({ after: z.string().max(64), receivers: names.optional(), persons: names.optional(), during: names.optional() })).min(1).max(MAX_STEPS),
      repeat: z.int().min(0).max(MAX_REPEATS).optional(),
      remindAcknowledgedEvery: z.string().max(64).optional(),
    }),
  }),
  Drill: z.strictObject({
    ...envelope,
    kind: z.literal('Drill'),
    spec: z.strictObject({
      receivers: names.min(1),
      every: z.string().max(64).optional(),
      cron: z.string().max(256).optional(),
      timeZone: z.string().max(64).optional(),
      deliveredWithin: z.string().max(64).optional(),
      target: z.number().gt(0).lt(1).optional(),
      tell: names.min(1),
      severity: z.enum(['page', 'ticket']).optional(),
    }),
  }),
  IncidentThreshold: z.strictObject({
    ...envelope,
    kind: z.literal('IncidentThreshold'),
    spec: z.strictObject({
      matchers: z.array(z.string().min(1).max(2_048)).min(1).max(50),
      occurrences: z.int().min(2).max(MAX_OCCURRENCES),
      within: z.string().max(64),
      orFiringFor: z.string().max(64).optional(),
    }),
  }),
  IncidentWindow: z.strictObject({
    ...envelope,
    kind: z.literal('IncidentWindow'),
    spec: z.strictObject({
      matchers: z.array(z.string().min(1).max(2_048)).min(1).max(50),
      length: z.string().max(64),
      type: z.enum(['rolling', 'fixed']).optional(),
    }),
  }),
  Person: z.strictObject({
    ...envelope,
    kind: z.literal('Person'),
    metadata: z.strictObject({ name: z.string().min(1).max(256) }),
    spec: z.strictObject({ receiver: z.string().min(1).max(256).optional(), slackUser: z.string().regex(/^[UW][A-Z0-9]{2,30}$/, 'a Slack user id looks like U012AB3CD').optional() }),
  }),
  Exclusion: z.strictObject({
    ...envelope,
    kind: z.literal('Exclusion'),
    spec: z.strictObject({
      by: z.string().min(1).max(256),
      reason: z.string().min(1).max(1_050),
      slos: z.array(z.string().min(1)).min(1).max(MAX_EXCLUDED).optional(),
      services: z.array(z.string().min(1)).min(1).max(MAX_EXCLUDED).optional(),
      match: z.string().min(1).max(8_192).optional(),
      from: z.string().optional(),
      to: z.string().optional(),
      recurring: z.strictObject({ rrule: z.string().max(256), start: z.string(), duration: z.string(), timeZone: z.string().optional() }).optional(),
    }),
  }),
  Redaction: redactionSchema,
  Sampling: z.strictObject({ ...envelope, kind: z.literal('Sampling'), spec: samplingSpecSchema }),
  TraceQuality: z.strictObject({ ...envelope, kind: z.literal('TraceQuality'), spec: QUALITY_SPEC }),
  SignatureRule: z.strictObject({
    ...envelope,
    kind: z.literal('SignatureRule'),
    spec: z.strictObject({
      description: z.string().max(1_050).optional(),
      severity: z.enum(['page', 'ticket']),
      runbook: z.string().min(1).max(256).optional(),
      services: z.array(z.string().min(1)).min(1).max(MAX_EXCLUDED).optional(),
      types: z.array(z.string().min(1)).min(1).max(MAX_EXCLUDED).optional(),
      when: z.strictObject({
        new: z.strictObject({ atLeast: z.number().positive().optional(), over: z.string().optional() }).optional(),
        rate: z.strictObject({ above: z.number().nonnegative(), over: z.string().optional() }).optional(),
        share: z.strictObject({ above: z.string(), atLeast: z.number().positive().optional(), over: z.string().optional() }).optional(),
        jump: z.strictObject({ times: z.number().min(1), significance: z.number().gt(0).max(0.5).optional(), over: z.string().optional() }).optional(),
      }),
    }),
  }),
  AnomalyRule: z.strictObject({
    ...envelope,
    kind: z.literal('AnomalyRule'),
    spec: z.strictObject({
      description: z.string().max(1_050).optional(),
      runbook: z.string().min(1).max(256).optional(),
      services: z.array(z.string().min(1)).min(1).max(MAX_EXCLUDED).optional(),
      signals: z.array(z.enum(ANOMALY_SIGNALS)).min(1).max(ANOMALY_SIGNALS.length).optional(),
      falseDiscoveryRate: z.number().gt(0).max(0.5).optional(),
    }),
  }),
  ReleaseGate: z.strictObject({
    ...envelope,
    kind: z.literal('ReleaseGate'),
    spec: z.strictObject({
      description: z.string().max(1_050).optional(),
      slos: z.array(z.string().min(1)).min(1).optional(),
      steps: z.array(z.strictObject({
        budgetBelow: z.string().optional(),
        burning: z.enum(['page', 'ticket']).optional(),
        versionBurned: z.string().optional(),
        noData: z.literal(true).optional(),
        action: z.enum(['freeze', 'warn']),
        note: z.string().max(1_050).optional(),
      })).min(1).max(MAX_STEPS),
    }),
  }),
} as const;

export type BurnRatePolicyDocument = z.output<typeof tocsinSchemas.BurnRatePolicy>;
export type ReceiverDocument = z.output<typeof tocsinSchemas.Receiver>;

/** Kinds of the design that later versions will honour: a known name deserves a better answer than "unknown kind". */
export const TOCSIN_KINDS_NOT_YET: Readonly<Record<string, string>> = {
  RunbookAction: 'runbooks are read by people in this version',
};
