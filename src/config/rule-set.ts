import type { Location } from '../lib/problem.js';
import type { DrillRule } from './drill.js';
import type { IncidentThreshold } from './incident-threshold.js';
import type { IncidentWindow } from './incident-window.js';
import type { EscalationRule, PersonRule } from './escalation.js';
import type { ExclusionRule } from './exclusion.js';
import type { RedactionPolicy } from './redaction.js';
import { DEFAULT_QUALITY, type QualityRules } from './quality-rule.js';
import type { ReleaseGateRule } from './release-gate.js';
import type { AnomalyRule } from './anomaly-rule.js';
import type { SignatureRule } from './signature-rule.js';
import { DEFAULT_SAMPLING, type SamplingRules } from './sampling.js';
import type { QuerySource, Severity, Slo } from './slo.js';

/** A tier as it is written: a share of the budget, which becomes a factor with the SLO's window, or the factor itself. */
export interface TierRule {
  readonly severity: Severity;
  readonly longMs: number;
  readonly shortMs: number;
  readonly burn: { readonly budgetShare: number } | { readonly factor: number };
  /** OpenSLO's `alertAfter`: so long both windows must have burned too fast before it fires. */
  readonly afterMs?: number;
  readonly at: Location;
}

export interface BurnRateRule {
  readonly name: string;
  readonly description: string;
  /** Set on presets: the SLO window that this policy is the default of. */
  readonly presetForMs: number | undefined;
  readonly tiers: readonly TierRule[];
  readonly evidence: { readonly enabled: boolean; readonly burn: number; readonly significance: number };
  readonly whenStopped?: Severity;
  readonly at: Location;
}

export interface ServiceRule {
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly at: Location;
}

/** Another Alertmanager that takes alerts. */
export interface ForwardRule {
  readonly url: string;
  /** File with a bearer token. */
  readonly credentialsFile: string | undefined;
  readonly sendResolved: boolean;
}

/** What Alertmanager's file cannot say about a receiver; bound to it by name. */
export interface ReceiverRule {
  readonly name: string;
  /** File with the Standard Webhooks secret (`whsec_…`) of this receiver's webhooks. */
  readonly webhookSecretFile: string | undefined;
  /** A body of one's own for its webhooks, instead of Alertmanager's. */
  readonly webhookBody?: { readonly text: string; readonly contentType: string };
  /** Alerts of this receiver are posted to these as well. */
  readonly alertmanagers?: readonly ForwardRule[];
  readonly at: Location;
}

/** Where a rule names its runbook, so that a missing one can be pointed at. */
export interface RunbookReference {
  /** `SLO "checkout"`. */
  readonly rule: string;
  readonly path: string;
  readonly runbook: string;
  readonly at: Location;
}

export interface RuleQuery {
  readonly role: 'total' | 'good' | 'bad' | 'match';
  readonly source: QuerySource;
}

/** All rules of one directory, checked and resolved. Frozen. */
export interface RuleSet {
  readonly slos: readonly Slo[];
  readonly services: readonly ServiceRule[];
  readonly policies: readonly BurnRateRule[];
  readonly receivers: readonly ReceiverRule[];
  readonly escalations: readonly EscalationRule[];
  readonly persons: readonly PersonRule[];
  readonly drills: readonly DrillRule[];
  readonly thresholds: readonly IncidentThreshold[];
  readonly windows: readonly IncidentWindow[];
  /** In the order of files and documents: where two rules want the same value, the first has it. */
  readonly redactions: readonly RedactionPolicy[];
  readonly quality: QualityRules;
  readonly signatureRules: readonly SignatureRule[];
  readonly anomalyRules: readonly AnomalyRule[];
  readonly sampling: SamplingRules;
  readonly gates: readonly ReleaseGateRule[];
  readonly exclusions: readonly ExclusionRule[];
  readonly runbookReferences: readonly RunbookReference[];
  /** Queries that no SLO of `slos` has, because something else is wrong with theirs or nobody uses them. Only to be checked. */
  readonly otherQueries: readonly RuleQuery[];
}

export const EMPTY_RULES: RuleSet = { slos: [], services: [], policies: [], receivers: [], escalations: [], persons: [], drills: [], thresholds: [], windows: [], redactions: [], sampling: DEFAULT_SAMPLING, quality: DEFAULT_QUALITY, signatureRules: [], anomalyRules: [], gates: [], exclusions: [], runbookReferences: [], otherQueries: [] };
