import type { Location } from '../lib/problem.js';
import type { Severity } from './slo.js';

export interface EscalationStepRule {
  /** Without an acknowledgement since the step before, or since the first was told. */
  readonly afterMs: number;
  /** Names in routing.yaml. */
  readonly receivers: readonly string[];
  /** Names of `kind: Person` documents. */
  readonly persons: readonly string[];
  /** Names of time intervals in routing.yaml; outside of them the step waits. Empty: always. */
  readonly during: readonly string[];
}

/** Who hears of an incident when those who heard first do not take it. */
export interface EscalationRule {
  readonly name: string;
  /** Whose incidents it is about: the receivers that routing.yaml tells first. */
  readonly receivers: readonly string[];
  /** The least severe incident that it is about. */
  readonly severity: Severity;
  readonly steps: readonly EscalationStepRule[];
  /** How often all steps are taken again. */
  readonly repeat: number;
  readonly during: readonly string[];
  /** While it is acknowledged and still fires, everybody who knows is reminded so often. */
  readonly remindAcknowledgedMs: number | undefined;
  readonly at: Location;
}

export interface PersonRule {
  readonly name: string;
  /** How they are reached: a receiver of routing.yaml. */
  readonly receiver: string | undefined;
  /** Slack's id of them: what they press in Slack is theirs. */
  readonly slackUser: string | undefined;
  readonly at: Location;
}
