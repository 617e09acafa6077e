import type { LinkTemplate } from '../config/link-template.js';
import type { PatternFinding } from '../diagnosis/pattern/pattern.js';
import type { IncidentActions } from '../incident/incident-actions.js';
import type { SilenceActions } from '../incident/silence-actions.js';
import type { Incident } from '../incident/incident.js';
import type { Problem } from '../lib/problem.js';
import type { DeadLetters } from '../notify/dead-letters.js';
import type { DrillActions } from '../notify/drill-view.js';
import type { DecisionReader } from '../notify/decision-reader.js';
import type { SignatureDecision } from '../signature/signature-life.js';
import type { Readers } from '../query/readers.js';
import type { TraceRead } from '../report/trace-reads.js';
import type { QualityService } from '../report/quality-service.js';
import type { AccessPolicy } from './access-policy.js';
import type { TrustedAddress } from './request-trust.js';

/** A runbook rendered for one incident. */
export interface RenderedRunbook {
  readonly title: string;
  readonly markdown: string;
}

/** What a person may do about an error signature; false where there is none of that id. */
export interface SignatureActions {
  decide(id: string, decision: SignatureDecision, actor: string): Promise<boolean>;
  merge(id: string, into: string, actor: string): Promise<boolean>;
}

export interface UiOptions {
  readonly readers: Readers;
  readonly quality: Pick<QualityService, 'report' | 'audit'>;
  /** Told of every answer, so that there is a record of who reads traces. */
  readonly traceRead: (read: TraceRead) => void;
  readonly actions: IncidentActions;
  readonly silences: SilenceActions;
  readonly drills: DrillActions;
  readonly signatureActions: SignatureActions;
  readonly decisions: DecisionReader;
  readonly deadLetters: DeadLetters;
  /** The runbook of the incident, or of a known pattern of trouble in it; undefined when it has none. */
  readonly runbookFor: (incident: Incident, pattern?: PatternFinding) => Promise<RenderedRunbook | undefined>;
  /** What is wrong with the rules as the files have them now; with an error among them older ones are in force. */
  readonly ruleProblems: () => readonly Problem[];
  readonly access: AccessPolicy;
  readonly address: TrustedAddress;
  /** From a span to what other tools know of it. */
  readonly links: readonly LinkTemplate[];
  /** Where senders reach this service, for the empty pages: `http://127.0.0.1:4317`, `http://127.0.0.1:4318`. */
  readonly otlp: { readonly grpcUrl: string; readonly httpUrl: string };
  /** Called for failures that are ours, not the visitor's. */
  readonly reportError: (error: unknown, path: string) => void;
}

export const UI_OPTIONS = Symbol('UiOptions');
