import type { EscalationRule, EscalationStepRule } from '../config/escalation.js';

/** `receivers` are those of its persons too. */
export type EscalationStep = Omit<EscalationStepRule, 'persons'>;

/** `kind: EscalationPolicy` with its names resolved. */
export interface EscalationPolicy extends Omit<EscalationRule, 'steps' | 'at'> {
  readonly steps: readonly EscalationStep[];
}
