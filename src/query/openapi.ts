import { PATTERN_KINDS } from '../diagnosis/pattern/pattern.js';
import { z } from 'zod';
import { ERASURE_STATES } from './erasure.js';
import { CHANGE_KINDS } from './change.js';
import { API_ERROR_CODES } from './api-error.js';
import { extentInput, recountInput, slicesInput } from './backtest-input.js';

const ratio = z.number().nullable();
const instant = z.iso.datetime();

const tier = z.object({
  severity: z.enum(['page', 'ticket']), factor: z.number(), long: z.string(), short: z.string(), longBurnRate: ratio, shortBurnRate: ratio,
  exceeded: z.boolean(), firing: z.boolean(), evidence: z.string(), pValue: z.number(),
  failuresToFire: ratio.describe('Failures in the long window before it can fire at this traffic; null where even a total outage is no evidence'),
});
const slo = z.object({
  name: z.string(), displayName: z.string(), service: z.string(), target: z.number(), window: z.string().describe('30d, or 1M for a calendar window'), timeZone: z.string().nullable(), budgetingMethod: z.enum(['Occurrences', 'Timeslices', 'RatioTimeslices']),
  parts: z.array(z.object({ name: z.string(), weight: z.number() })).nullable().describe('Of a composite objective: SLOs that share its budget'), partOf: z.string().nullable().describe('The composite objective that alerts for it'), at: instant, sli: ratio,
  errorBudgetRemaining: ratio.describe('Signed: 1 untouched, 0 spent'), projectedBudgetRemaining: ratio,
  burnRates: z.record(z.string(), ratio), state: z.enum(['ok', 'ticket', 'page', 'no-data']), young: z.boolean(), coverage: z.number(),
  confidence: z.object({ low: z.number(), high: z.number() }).nullable(), unknownWeightShare: z.number(), evidenceShare: ratio.describe('Share of the traffic that the SLI was computed from'), exhaustionSeconds: ratio, tiers: z.array(tier),
  groups: z.array(z.object({
    group: z.string(), attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).nullable().describe('null: all groups beyond the limit'),
    sli: ratio, errorBudgetRemaining: ratio, projectedBudgetRemaining: ratio, state: z.enum(['ok', 'ticket', 'page', 'no-data']), events: z.number(), burnRates: z.record(z.string(), ratio),
  })).describe('Where the SLO counts groups apart, those that burn fastest first'),
  budgetConfidence: z.object({ low: z.number(), high: z.number() }).nullable(), samplingWarning: z.string().nullable(),
  silence: z.object({ seconds: z.number(), stopped: z.boolean(), pValue: z.number(), words: z.string() }).nullable(), eventsPerHour: ratio, sizing: z.array(z.string()),
});
const sloDetail = slo.extend({
  excludedMinutes: z.number().describe('Minutes of the window that count for nothing'), errorBudgetRemainingWithoutExclusions: ratio,
  excludedEvents: z.array(z.object({ name: z.string(), by: z.string(), reason: z.string(), match: z.string(), from: instant.nullable(), to: instant.nullable(), goodEvents: z.number(), badEvents: z.number() })).describe('Events of the window that count for nothing, by exclusion'),
  exclusions: z.array(z.object({ name: z.string(), by: z.string(), reason: z.string(), from: instant, to: instant })).describe('Within the window, and in the week to come'),
});
const historyPoint = z.object({ at: instant, good: z.number(), bad: z.number(), errorRatio: ratio, errorBudgetRemaining: ratio, burnRates: z.record(z.string(), ratio) });
const history = z.object({ name: z.string(), from: instant, to: instant, stepSeconds: z.number(), points: z.array(historyPoint) });
const signature = z.object({
  id: z.string(), state: z.enum(['new', 'ongoing', 'regressed', 'resolved', 'ignored', 'linked']), type: z.string(), message: z.string(), service: z.string(), operation: z.string(), frames: z.array(z.string()),
  firstSeenAt: instant, lastSeenAt: instant, total: z.number(), failures: z.number().describe('Failed requests in the window'), perHour: z.number().describe('Since it was first seen, where that was in the window'), share: ratio.describe('Of all failed requests of the window'),
  operations: z.record(z.string(), z.number()), versions: z.record(z.string(), z.number()), tenants: z.record(z.string(), z.number()), regressedAt: instant.nullable(),
  decision: z.object({ kind: z.enum(['resolved', 'ignored', 'merged']), by: z.string(), at: instant, into: z.string().nullable() }).nullable(), earlierIds: z.array(z.string()), laterIds: z.array(z.string()), exampleTraceId: z.string(), firstTraceId: z.string(),
});
const namedSignature = z.object({ id: z.string(), message: z.string(), operation: z.string() });
const signatureDetail = signature.extend({
  example: z.object({ text: z.string(), replacements: z.array(z.object({ value: z.string(), by: z.string() })), frames: z.array(z.object({ text: z.string(), own: z.boolean() })) }),
  mergeCandidates: z.array(namedSignature), merged: z.array(namedSignature).describe('What people merged into it'),
});
const deadLetters = z.object({ deadLetters: z.array(z.object({
  id: z.string(), incident: z.string(), title: z.string(), receiver: z.string(), integration: z.string(), news: z.string(), createdAt: instant, attempts: z.number(), error: z.string().nullable(),
  overtaken: z.boolean().describe('Its receiver has later news of the incident'), retryable: z.boolean(),
})) });
const change = z.object({ id: z.string(), at: instant, kind: z.enum(CHANGE_KINDS), service: z.string().nullable(), version: z.string().nullable(), title: z.string(), by: z.string(), url: z.string().nullable() });
const erasure = z.object({
  id: z.string(), attribute: z.string(), valueSha256: z.string(), reason: z.string(), askedBy: z.string(), askedAt: instant, state: z.enum(ERASURE_STATES), traces: z.int(), hotSpans: z.int(), archivedSpans: z.int(), logs: z.int(),
  files: z.int().describe('of the archive, written anew or removed'), doneAt: instant.nullable(),
});
const exclusionLog = z.object({ name: z.string(), changes: z.array(z.object({
  at: instant, exclusion: z.string(), change: z.enum(['added', 'changed', 'removed']), by: z.string(), reason: z.string(), what: z.string().describe('TraceQL, or when'),
  errorBudgetRemainingBefore: ratio, errorBudgetRemainingAfter: ratio,
})) });
const revisions = z.object({ name: z.string(), revisions: z.array(z.object({
  revision: z.string(), current: z.boolean(), inForceSince: instant.nullable(), total: z.string().nullable().describe('TraceQL; null where it was counted before definitions were kept'), good: z.string().nullable().optional(), bad: z.string().nullable().optional(),
  countedFrom: instant.nullable(), countedFromStoredSpansSince: instant.nullable().describe('How far back it was counted from spans that were stored before it was in force'), countedTo: instant.nullable(), goodEvents: z.number(), badEvents: z.number(), sli: ratio,
})) });
const attributes = z.record(z.string(), z.unknown());
const span = z.object({
  spanId: z.string(), parentSpanId: z.string().nullable(), service: z.string(), name: z.string(), kind: z.string(), status: z.enum(['unset', 'ok', 'error']),
  statusMessage: z.string(), start: instant, startNs: z.string(), durationNs: z.number(), attributes, resource: attributes,
  events: z.array(z.object({ timeNs: z.string(), name: z.string(), attributes })), links: z.array(z.object({ traceId: z.string(), spanId: z.string(), traceState: z.string().optional(), attributes })), weight: z.number(),
});
const trace = z.object({ traceId: z.string(), truncated: z.boolean(), spans: z.array(span), logs: z.array(attributes) });
const traceSummary = z.object({
  traceId: z.string(), rootService: z.string(), rootName: z.string(), rootMissing: z.boolean(), start: instant, startMs: z.number(), durationNs: z.number(),
  spanCount: z.number(), errorCount: z.number(), matchedCount: z.number(), services: z.array(z.string()),
});
const incidentSummary = z.object({
  id: z.string(), key: z.string(), status: z.enum(['open', 'acknowledged', 'resolved']), severity: z.enum(['page', 'ticket']), title: z.string(), startedAt: instant, endedAt: instant.nullable(), acknowledgedBy: z.string().nullable(), url: z.string(),
});
const nearbyChange = z.object({
  id: z.string().optional(), kind: z.enum(['deployment', 'flag', 'config', 'note', 'version']).describe('version: nobody recorded it, spans of a new version were seen'), at: instant, secondsBefore: z.number().describe('Before it began; negative after it'),
  service: z.string().optional(), version: z.string().optional(), previous: z.string().optional(), title: z.string(), by: z.string().optional(), url: z.string().optional(), difference: z.string().optional(),
});
const incident = incidentSummary.extend({
  ledger: z.array(z.object({ service: z.string(), operation: z.string(), version: z.string(), group: z.string().nullable().describe('Where the SLO counts by groups'), events: z.number(), share: z.number(), budget: ratio })).describe('Who burned the budget; the shares add up to 1'),
  comparison: z.array(z.object({
    items: z.array(z.object({ service: z.string(), attribute: z.string(), value: z.string() })), badShare: z.number(), badOf: z.number().optional(), healthyShare: z.number(), healthyOf: z.number().optional(), support: z.number(), lift: ratio, effect: z.object({ difference: z.number(), low: z.number(), high: z.number() }),
    pValue: z.number(), qValue: z.number(), same: z.number(), words: z.string(),
  })).describe('What failing traces have and healthy ones have not'),
  explainedBy: z.object({
    operations: z.array(z.object({ service: z.string(), operation: z.string(), score: z.number(), strength: z.enum(['strong', 'weak']), reason: z.string() })),
    resources: z.array(z.object({ attribute: z.string(), value: z.string(), services: z.array(z.string()), score: z.number(), strength: z.enum(['strong', 'weak']), reason: z.string(), same: z.array(z.object({ attribute: z.string(), value: z.string() })) })),
  }).describe('Operations and resources by how much of the failing traces they explain, beside healthy ones: those that are more than chance'),
  patterns: z.array(z.object({
    kind: z.enum(PATTERN_KINDS), title: z.string(), service: z.string(), operation: z.string(), peer: z.string().nullable(), words: z.string(), advice: z.string(), affected: z.number(), of: z.number(), healthyAffected: z.number(),
    healthyOf: z.number().describe('0: there was nothing to compare with'), costNs: ratio, explains: z.boolean().describe('Far more of the failing traces have it than healthy ones'), traces: z.array(z.object({ traceId: z.string(), spanId: z.string(), url: z.string() })),
  })).describe('Known patterns of trouble in the failing traces'),
  snapshot: z.object({
    onset: z.object({ at: instant, earliest: instant, latest: instant, badShareBefore: z.number(), badShareAfter: z.number() }).nullable(), suspectedChange: nearbyChange.nullable(), changes: z.array(nearbyChange),
    minutes: z.object({ from: instant, good: z.array(z.number()), bad: z.array(z.number()) }).describe('One count for each minute from `from` on'),
    graph: z.array(z.object({ client: z.string(), server: z.string(), kind: z.string(), calls: z.number(), failed: z.number(), meanNs: z.number() })),
  }).nullable().describe('What was around it when the page opened, frozen with it'),
  alerts: z.array(z.looseObject({ id: z.string(), status: z.enum(['firing', 'resolved']), labels: z.record(z.string(), z.string()) })), signatures: z.array(z.looseObject({ id: z.string(), type: z.string(), message: z.string() })),
  suspect: z.string().nullable(), badEvents: z.number().nullable(), traces: z.array(z.looseObject({ traceId: z.string(), spanId: z.string(), role: z.string(), reason: z.string(), url: z.string(), alike: z.array(z.looseObject({ traceId: z.string(), spanId: z.string(), words: z.string(), url: z.string() })) })), runbook: z.string().nullable(),
  causes: z.array(z.looseObject({ at: instant, rule: z.enum(['same-origin', 'upstream', 'person']), words: z.string(), alerts: z.array(z.string()), shares: z.array(z.object({ slo: z.string(), explained: z.number(), examined: z.number(), atLeast: z.number() })) })).describe('Why alerts of others are in it'),
  mergedInto: z.string().nullable(),
  traceHealth: z.object({
    at: instant, from: instant, to: instant, findings: z.array(z.string()),
    services: z.array(z.object({ service: z.string().nullable().describe('null: all together'), spans: z.number(), samplingRate: ratio, unknownWeightShare: ratio, partialRatio: ratio, orphanRatio: ratio, lagP99Ms: ratio })),
  }).nullable().describe('How well its services were traced when it opened'),
  openedBecause: z.string().nullable().describe('What made a threshold of occurrences let it open'),
  timeline: z.array(z.looseObject({ at: instant, kind: z.string(), actor: z.string(), text: z.string() })),
});
const decision = z.object({
  at: instant, alert: z.string(), group: z.string(), route: z.string(), receiver: z.string(), integration: z.string(), outcome: z.enum(['waits', 'sent', 'silenced', 'inhibited', 'muted', 'not-sent', 'left']),
  reason: z.string(), delivery: z.string().nullable(), deliveryStatus: z.string().nullable(), attempts: z.number().nullable(), became: z.string().nullable(),
});
const silence = z.looseObject({
  id: z.string(), state: z.enum(['pending', 'active', 'expired']), inForce: z.boolean(), words: z.string(), startsAt: instant, endsAt: instant, createdBy: z.string(), comment: z.string(),
  matchers: z.array(z.object({ name: z.string(), value: z.string(), isRegex: z.boolean(), isEqual: z.boolean() })), matches: z.array(z.looseObject({ id: z.string(), incident: z.string(), url: z.string() })),
});
const drillRun = z.object({
  id: z.string(), drill: z.string(), receiver: z.string(), by: z.string(), startedAt: instant, outcome: z.enum(['waiting', 'in-time', 'late', 'failed', 'held']), settled: z.boolean(), seconds: ratio, words: z.string(),
  integrations: z.array(z.object({ integration: z.string(), outcome: z.string(), deliveredAt: instant.nullable(), reason: z.string().nullable() })),
});
const drill = z.object({
  drill: z.string(), receiver: z.string(), deliveredWithinSeconds: z.number(), target: z.number(), windowDays: z.number(), next: instant.nullable(), runs: z.number(), inTime: z.number(), sli: ratio, budgetRemaining: ratio, last: drillRun.nullable(),
});
const seen = { seenMs: z.number().describe('So long of the window it was there; rates are of this time') };
const requests = { requests: z.number(), errors: z.number(), perSecond: z.number(), errorRatio: ratio.optional(), p50Ns: z.number().optional(), p95Ns: z.number().optional(), p99Ns: z.number().optional() };
const ledgerSum = z.object({ signal: z.enum(['traces', 'logs']), received: z.number(), hot: z.number(), rejected: z.number(), deduplicated: z.number() });
const named = z.array(z.object({ name: z.string(), count: z.number() }));
const ingest = z.object({
  balances: z.boolean().describe('received = hot + rejected + deduplicated, in every sum'), lastHour: z.array(ledgerSum), lastDay: z.array(ledgerSum),
  senders: z.array(z.object({ sender: z.string(), service: z.string(), stored: z.number(), resent: z.number(), busy: z.number(), failed: z.number(), items: z.object({ hot: z.number(), rejected: z.number(), deduplicated: z.number() }) })),
  services: z.array(z.object({ service: z.string(), spans: z.number(), dropped: z.number(), lagP50Ms: ratio, lagP99Ms: ratio, lateShare: z.number(), historyShare: z.number() })),
  rejected: named, limits: named, redactions: named, oldNames: named, clockFaults: z.number(), waitingBytes: z.number(), commits: z.number(), meanCommitMs: ratio,
});
const askedTime = z.object({ from: instant, to: instant }).describe('The time that was asked for: from and to lie within it where more spans came than are read for an answer');
const qualityMeasures = z.object({
  spans: z.number(), traces: z.number(), spansPerSecond: z.number(), tracesPerSecond: z.number(), errorRatio: ratio, p50Ms: ratio, p95Ms: ratio, p99Ms: ratio, samplingRate: ratio, unknownWeightShare: ratio,
  partialRatio: ratio, orphanRatio: ratio, rootlessRatio: ratio, collectorLatencyP50Ms: ratio, collectorLatencyP99Ms: ratio, errorCapture: ratio, logCorrelation: ratio, limitsHitRatio: ratio, attributeBytes: ratio, costOfMonth: ratio, agentLossRatio: ratio,
  of: z.object({ errorRatio: z.number(), unknownWeightShare: z.number(), partialRatio: z.number(), orphanRatio: z.number(), rootlessRatio: z.number(), collectorLatency: z.number(), errorCapture: z.number(), logCorrelation: z.number(), limitsHitRatio: z.number(), agentLossRatio: z.number() }).describe('What each ratio stands on'),
});
const qualityAudit = z.object({
  version: z.literal(1), kind: z.enum(['month', 'quarter']), period: z.string().describe('2026-10, 2026-Q3'), from: instant, to: instant, asked: askedTime, generatedAt: instant, spans: z.number(),
  month: z.object({
    spans: z.number(), spansBefore: ratio, cost: ratio, forecast: ratio, spenders: z.array(z.object({ service: z.string(), spans: z.number(), share: z.number(), attributeBytes: ratio, cost: ratio })),
    stored: z.object({ hotSpans: z.number(), archivedSpans: z.number(), archivedBytes: z.number(), oldestHot: instant.nullable(), oldestArchived: instant.nullable() }), hotRetentionMs: z.number(), archiveMaxAgeMs: z.number(), keepsRetention: z.boolean(),
  }).nullable(),
  quarter: z.object({
    services: z.array(z.object({ service: z.string(), owner: z.string().nullable(), score: ratio, category: z.string().nullable(), sdkVersions: z.array(z.string()), logCorrelation: ratio, gaps: z.array(z.string()) })),
    blindSpots: z.array(z.object({ name: z.string(), callers: z.array(z.string()) })), coverage: ratio,
  }).nullable(),
});
const alertCounts = { pages: z.number(), tickets: z.number(), actedOn: z.number(), unheededPages: z.number(), flapping: z.number(), silenced: z.number(), acknowledgedAfterMs: ratio };
const exampleSpans = z.array(z.object({ traceId: z.string(), spanId: z.string() }));
const serviceVersions = z.array(z.object({ service: z.string(), version: z.string(), count: z.number().describe('Spans'), examples: exampleSpans }));
const earlierQuality = z.object({ from: instant, to: instant, overall: qualityMeasures.partial().describe('Reports of earlier versions have fewer members'), score: ratio }).nullable();
const quality = z.object({
  version: z.literal(1), week: z.string().nullable().describe('2026-W47; null for another time than one week'), from: instant, to: instant, asked: askedTime, generatedAt: instant, observed: z.object({ from: instant, to: instant }).describe('Rates are of this part of the time'), overall: qualityMeasures, score: ratio.describe('Mean Instrumentation Score of the services'),
  services: z.array(z.object({
    service: z.string(), owner: z.string().nullable(), measures: qualityMeasures,
    score: z.object({
      score: ratio, category: z.enum(['excellent', 'good', 'needs-improvement', 'poor']).nullable(), notApplicable: z.array(z.string()),
      rules: z.array(z.object({ id: z.string(), impact: z.enum(['critical', 'important', 'normal', 'low']), text: z.string(), passed: z.boolean(), passRatio: z.number(), total: z.number(), failed: z.number(), examples: exampleSpans })),
    }),
  })),
  findings: z.array(z.object({
    id: z.string(), kind: z.string(), severity: z.enum(['high', 'medium', 'low']), service: z.string(), edge: z.object({ caller: z.string(), callee: z.string() }).nullable(), title: z.string(), detail: z.string(), cause: z.string(),
    fix: z.object({ where: z.string(), language: z.enum(['yaml', 'sh', 'js', 'text']), text: z.string() }), owner: z.string().nullable(), affected: z.number(), of: z.number(), examples: exampleSpans, state: z.enum(['new', 'open', 'fixed']), since: instant,
  })).describe('Most urgent first'),
  fixed: z.array(z.object({ id: z.string(), title: z.string(), since: instant })), sdkVersions: serviceVersions.describe('Of the SDK, with its language'), serviceVersions: serviceVersions.describe('service.version'),
  ledger: z.array(z.object({ signal: z.string(), received: z.number(), hot: z.number(), rejected: z.number(), deduplicated: z.number() })), ledgerBalances: z.boolean(),
  readiness: z.array(z.object({ title: z.string(), items: z.array(z.object({ text: z.string(), met: z.boolean().nullable().describe('null: nothing was measured that could say it') })) })),
  slowest: z.array(z.object({ service: z.string(), operation: z.string(), share: z.number(), traces: z.number(), examples: exampleSpans })).describe('Where the slowest traces spend their time'),
  agents: z.array(z.object({ host: z.string(), deliveredSpans: z.number(), lostSpans: z.number(), readEvents: z.number(), lostEvents: z.number(), reasons: z.array(z.object({ reason: z.string(), n: z.number() })) })).describe('What eBPF agents lost, by host'),
  alerts: z.object({ ...alertCounts, rules: z.array(z.object({ rule: z.string(), service: z.string(), ...alertCounts })) }).nullable(),
  objectives: z.array(z.object({ slo: z.string(), displayName: z.string(), service: z.string(), owner: z.string().nullable(), partOf: z.string().nullable(), group: z.string().nullable(), target: z.number(), counts: z.enum(['events', 'slices', 'parts']), events: z.number(), attained: ratio, budgetSpent: ratio, isProjected: z.boolean().describe('A young service: the budget is that of the whole window, if traffic goes on as it has') })),
  troubles: z.array(z.object({ kind: z.enum(PATTERN_KINDS), title: z.string(), service: z.string(), operation: z.string(), words: z.string(), advice: z.string(), incidents: z.number(), explained: z.number(), incidentId: z.string(), traces: z.array(z.object({ traceId: z.string(), spanId: z.string() })) })),
  newSignatures: z.array(z.object({ id: z.string(), type: z.string(), message: z.string(), service: z.string(), operation: z.string(), firstSeen: instant, isMaybeOlder: z.boolean().describe('It came in the first hour of this Tocsin: it may be older'), failures: z.number(), traceId: z.string() })),
  access: z.object({
    readers: z.array(z.object({ reader: z.string(), reads: z.number(), refused: z.number(), usual: z.number() })), latency: z.array(z.object({ what: z.enum(['trace', 'search']), answers: z.number(), p50Ms: ratio, p95Ms: ratio, p95AtLeastMs: ratio, p99Ms: ratio })),
  }).nullable().describe('Who read traces, and how long they waited'),
  history: z.array(z.object({ week: z.string(), score: ratio, findings: z.number() })), spenders: z.array(z.object({ service: z.string(), share: z.number(), costOfMonth: ratio })),
  trend: z.object({ lastWeek: earlierQuality, fourWeeksAgo: earlierQuality }),
  disclosure: z.object({ notEvaluated: z.array(z.object({ id: z.string(), reason: z.string() })), reading: z.array(z.string()), notMeasured: z.array(z.string()) }),
});
const problem = z.object({ type: z.string(), title: z.string(), status: z.number(), code: z.string().describe(`One of ${API_ERROR_CODES.join(', ')}, or a code of the part that answers`), detail: z.string(), hint: z.string().optional() });

const WINDOW = ['range', 'from', 'to'];

/** The description served at /api/openapi.json, from the same schemas that tests hold the answers against. */
export const API_SCHEMAS = {
  Slo: sloDetail, SloList: z.object({ slos: z.array(slo) }), Signature: signatureDetail, SignatureList: z.object({ from: instant, to: instant, readTo: instant.describe('What arrived until then has been read'), signatures: z.array(signature) }), DeadLetterList: deadLetters, DeadLetterRetry: z.object({ id: z.string(), status: z.literal('pending') }), SloHistory: history, SloRevisions: revisions, SloExclusions: exclusionLog, Erasure: erasure, ErasureList: z.object({ erasures: z.array(erasure) }), Change: change, ChangeList: z.object({ changes: z.array(change) }), Trace: trace,
  TraceList: z.object({ from: instant, to: instant, traces: z.array(traceSummary) }),
  ServiceList: z.object({ from: instant, to: instant, services: z.array(z.object({ service: z.string(), ...requests, ...seen, sparkline: z.array(z.object({ requests: z.number(), errors: z.number() })) })) }),
  Service: z.object({ service: z.string(), from: instant, to: instant, operations: z.array(z.object({ operation: z.string(), ...requests })) }),
  Incident: incident, IncidentList: z.object({ incidents: z.array(incidentSummary) }),
  Ingest: ingest, Quality: quality, QualityAudit: qualityAudit,
  BacktestExtent: z.object({ firstMinutes: z.record(z.string(), z.number()), firstSpanMinute: z.number().nullable(), covered: z.array(z.tuple([z.number(), z.number()])) }),
  BacktestSlices: z.object({ sliceKeys: z.array(z.string()), rows: z.array(z.array(z.number()).length(9)).describe('Index of the key, event minute, arrival minute, good, bad, Σw² of good and of bad, events, of unknown weight') }),
  BacktestExtentQuery: extentInput, BacktestSlicesQuery: slicesInput, BacktestRecountQuery: recountInput,
  Gate: z.object({
    slo: z.string(), service: z.string(), verdict: z.enum(['open', 'closed']), gate: z.string(), sentence: z.string(), at: instant, state: z.enum(['ok', 'ticket', 'page', 'no-data']), coverage: z.number(),
    reasons: z.array(z.object({ action: z.enum(['freeze', 'warn']), text: z.string(), note: z.string() })), errorBudgetRemaining: ratio, projectedBudgetRemaining: ratio,
    version: z.object({ version: z.string(), bad: z.number(), total: z.number(), budgetShare: ratio, burnRate: ratio, firstSeenAt: instant, lastSeenAt: instant }).nullable(),
  }),
  Comparison: z.object({
    cohort: z.string(), against: z.string(), from: instant, to: instant, verdict: z.enum(['worse', 'no-worse', 'too-few']), sentence: z.string(), leftOut: z.array(z.string()).describe('Operations with too few requests on one side'),
    operations: z.array(z.object({
      operation: z.string(), requests: z.tuple([z.number(), z.number()]), failed: z.tuple([z.number(), z.number()]), medianNs: z.tuple([z.number(), z.number()]), p95Ns: z.tuple([z.number(), z.number()]),
      latencyPValue: z.number(), errorPValue: z.number(), slower: z.boolean(), failsMore: z.boolean(),
    })),
  }),
  SuggestionList: z.object({ from: instant, to: instant, suggestions: z.array(z.object({ file: z.string(), yaml: z.string(), slos: z.array(z.object({ name: z.string(), service: z.string(), operation: z.string(), objective: z.enum(['availability', 'latency']), target: z.number(), thresholdMs: ratio, reason: z.string() })) })) }),
  DecisionList: z.object({ decisions: z.array(decision) }),
  HeldList: z.object({ held: z.array(z.object({ key: z.string(), title: z.string(), threshold: z.string(), wanted: z.number(), withinSeconds: z.number(), words: z.string(), occurrences: z.array(z.object({ alert: z.string(), at: instant })), firing: z.array(z.object({ alert: z.string(), since: instant })) })) }),
  DrillList: z.object({ drills: z.array(drill) }), DrillStart: z.object({ drills: z.array(drillRun) }),
  Silence: silence, SilenceList: z.object({ silences: z.array(silence) }),
  IncidentSilence: z.object({ silence: z.object({ id: z.string(), endsAt: instant }), incident }),
  Problem: problem,
} as const;

export function openApiDocument(): Record<string, unknown> {
  return {
    openapi: '3.1.0',
    info: { title: 'Tocsin', version: '1', description: 'SLOs, traces and services as Tocsin sees them. Times are UTC; `range` is a duration like 6h; for traces also `all`.' },
    paths: {
      '/api/v1/slos': { get: operation('All SLOs, worst first', 'SloList') },
      '/api/v1/slos/{name}': { get: operation('One SLO', 'Slo', { path: ['name'] }) },
      '/api/v1/slos/{name}/history': { get: operation('Budget, error ratio and burn rates over time', 'SloHistory', { path: ['name'], query: [...WINDOW, 'revision'] }) },
      '/api/v1/slos/{name}/exclusions': { get: operation('Which exclusions came, changed and went, by whom and why, and the budget before and after', 'SloExclusions', { path: ['name'] }) },
      '/api/v1/slos/{name}/revisions': { get: operation('Its definitions, today\'s and earlier ones, and what each came to', 'SloRevisions', { path: ['name'] }) },
      '/api/v1/incidents': { get: operation('Incidents, newest first', 'IncidentList', { query: ['status', 'limit'] }) },
      '/api/v1/incidents/{id}': { get: operation('One incident with its evidence and timeline', 'Incident', { path: ['id'] }) },
      '/api/v1/incidents/{id}/acknowledge': { post: operation('Take an incident over', 'Incident', { path: ['id'] }) },
      '/api/v1/incidents/{id}/resolve': { post: operation('Declare an incident over', 'Incident', { path: ['id'] }) },
      '/api/v1/incidents/{id}/notes': { post: operation('What a person found or did: `text`', 'Incident', { path: ['id'] }) },
      '/api/v1/incidents/held': { get: operation('What has begun to fire and is no incident yet', 'HeldList') },
      '/api/v1/incidents/{id}/merge': { post: operation('An incident ends, and what fires in it goes on in the one named by `into`', 'Incident', { path: ['id'] }) },
      '/api/v1/incidents/{id}/postmortem': { get: { ...operation('A draft of its postmortem', 'Problem', { path: ['id'] }), responses: { 200: { description: 'Markdown', content: { 'text/markdown': { schema: { type: 'string' } } } } } } },
      '/api/v1/incidents/{id}/decisions': { get: operation('Why each receiver was told of each alert, or not', 'DecisionList', { path: ['id'] }) },
      '/api/v1/drills': { get: operation('Tests of receivers: what is promised, what was kept, the last one of each', 'DrillList'), post: operation('Test receivers now: those that `receivers` of the body names, or all', 'DrillStart') },
      '/api/v1/dead-letters': { get: operation('Messages that could not be delivered', 'DeadLetterList') },
      '/api/v1/dead-letters/{id}/retry': { post: operation('Send one of them again, now', 'DeadLetterRetry', { path: ['id'] }) },
      '/api/v1/incidents/{id}/silence': { post: operation('Tell nobody of what fires in an incident, for so long', 'IncidentSilence', { path: ['id'] }) },
      '/api/v1/changes': { get: operation('What was done to the system: deployments, flags, configuration, notes; newest first', 'ChangeList', { query: ['range', 'from', 'to'] }), post: operation('Say what was done: kind, title, service, version, at, by, url; the same id again replaces it', 'Change') },
      '/api/v1/erasures': { get: operation('What was erased and is to be erased, newest first', 'ErasureList'), post: operation('Erase every trace in which a value comes up: attribute, value, reason; role admin', 'Erasure') },
      '/api/v1/erasures/{id}': { get: operation('The receipt of one erasure', 'Erasure', { path: ['id'] }) },
      '/api/v1/silences': { get: operation('Silences, with the alerts that each holds back', 'SilenceList'), post: operation('Make or change a silence; with preview=1 only say what it would hold back', 'Silence', { query: ['preview'] }) },
      '/api/v1/silences/{id}': { get: operation('One silence', 'Silence', { path: ['id'] }), delete: operation('End a silence', 'Silence', { path: ['id'] }) },
      '/api/v1/traces': { get: operation('Search traces; q is TraceQL', 'TraceList', { query: ['q', 'service', 'operation', 'user', 'errors', 'minDuration', 'maxDuration', 'limit', ...WINDOW] }) },
      '/api/v1/traces/{traceId}': { get: operation('One trace with its logs; format=otlp, format=weighted (OTLP and, by span id, how many spans each stands for) or format=jaeger: in those formats instead', 'Trace', { path: ['traceId'], query: ['format'] }) },
      '/api/v1/export': { get: { ...operation('Every trace that a search finds, streamed: OTLP/JSON, one trace a line; with format=weighted also `weights`, how many spans each stands for, by span id, where it is not one; or with format=jaeger what Jaeger\'s UI uploads', 'Problem', { query: ['q', 'service', 'operation', 'user', 'errors', 'minDuration', 'maxDuration', 'limit', 'format', ...WINDOW] }), responses: { 200: { description: 'Traces', content: { 'application/x-ndjson': { schema: { type: 'string' } }, 'application/json': { schema: { type: 'object' } } } } } } },
      '/api/v1/backtest/extent': { post: operation('What a backtest can look at', 'BacktestExtent', { body: 'BacktestExtentQuery' }) },
      '/api/v1/backtest/slices': { post: operation('Counts of SLOs by minute of arrival', 'BacktestSlices', { body: 'BacktestSlicesQuery' }) },
      '/api/v1/backtest/recount': { post: operation('Stored spans counted anew for a query', 'BacktestSlices', { body: 'BacktestRecountQuery' }) },
      '/api/v1/gates/{slo}': { get: operation('May this be released?', 'Gate', { path: ['slo'], query: ['version'] }) },
      '/api/v1/compare': { get: operation('One cohort of requests against another: is it slower, does it fail more often?', 'Comparison', { query: ['cohort', 'against', 'tolerance', 'significance', ...WINDOW] }) },
      '/api/v1/suggestions': { get: operation('SLOs that the observed traffic suggests', 'SuggestionList', { query: WINDOW }) },
      '/api/v1/services': { get: operation('Rate, errors and duration of every service', 'ServiceList', { query: WINDOW }) },
      '/api/v1/services/{service}': { get: operation('Rate, errors and duration of the operations of one service', 'Service', { path: ['service'], query: WINDOW }) },
      '/api/v1/signatures': { get: operation('What made requests fail, most frequent first', 'SignatureList', { query: WINDOW }) },
      '/api/v1/signatures/{id}': { get: operation('One of them, with the explanation of each replacement', 'Signature', { path: ['id'], query: WINDOW }) },
      '/api/v1/signatures/{id}/{action}': { post: operation('resolve, ignore, reopen, or merge into another', 'Signature', { path: ['id', 'action'] }) },
      '/api/v1/ingest': { get: operation('What was received and what became of it, by sender and service', 'Ingest') },
      '/api/v1/quality/month': { get: operation('Cost and retention of a month; period like 2026-10, else the last whole one', 'QualityAudit', { query: ['period'] }) },
      '/api/v1/quality/quarter': { get: operation('Instrumentation coverage of a quarter; period like 2026-Q3, else the last whole one', 'QualityAudit', { query: ['period'] }) },
      '/api/v1/quality': { get: operation('The trace-quality report; week like 2026-W47, else the last 7 days', 'Quality', { query: ['week'] }) },
    },
    components: { schemas: Object.fromEntries(Object.entries(API_SCHEMAS).map(([name, schema]) => [name, z.toJSONSchema(schema, { target: 'draft-2020-12', io: name.endsWith('Query') ? 'input' : 'output' })])) },
  };
}

export interface ApiRoute {
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  /** Of the address behind the `?`. */
  readonly query: readonly string[];
}

/** The same as a list, for people. */
export function apiRoutes(): readonly ApiRoute[] {
  const paths = Object.entries(openApiDocument()['paths'] as Readonly<Record<string, Readonly<Record<string, ReturnType<typeof operation>>>>>);
  return paths.flatMap(([path, methods]) => Object.entries(methods).map(([method, { summary, parameters }]) => ({ method: method.toUpperCase(), path, summary, query: parameters.filter(({ in: place }) => place === 'query').map(({ name }) => name) })));
}

interface ApiParameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly required: boolean;
  readonly schema: { readonly type: 'string' };
}

function operation(summary: string, schema: keyof typeof API_SCHEMAS, parameters: { readonly path?: readonly string[]; readonly query?: readonly string[]; readonly body?: keyof typeof API_SCHEMAS } = {}): { readonly summary: string; readonly parameters: readonly ApiParameter[]; readonly [member: string]: unknown } {
  const named = (names: readonly string[] = [], place: 'path' | 'query'): ApiParameter[] => names.map((name) => ({ name, in: place, required: place === 'path', schema: { type: 'string' } }));
  return {
    summary,
    parameters: [...named(parameters.path, 'path'), ...named(parameters.query, 'query')],
    ...(parameters.body === undefined ? {} : { requestBody: { required: true, content: { 'application/json': { schema: { $ref: `#/components/schemas/${parameters.body}` } } } } }),
    responses: {
      200: { description: 'Fine', content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } } },
      default: { description: 'What is wrong and what would be right', content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } },
    },
  };
}
