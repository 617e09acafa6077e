import type { Severity } from '../config/slo.js';

export interface EscalationStep {
  readonly afterMs: number;
  /** Those of its persons included. */
  readonly receivers: readonly string[];
  readonly during: readonly string[];
}

/** `kind: EscalationPolicy` with its names resolved. */
export interface EscalationPolicy {
  readonly name: string;
  readonly receivers: readonly string[];
  readonly severity: Severity;
  readonly steps: readonly EscalationStep[];
  readonly repeat: number;
  readonly during: readonly string[];
  readonly remindAcknowledgedMs: number | undefined;
}
