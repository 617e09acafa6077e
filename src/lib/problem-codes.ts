import { ascending } from './compare.js';
import type { Location, Problem } from './problem.js';

/**
 * Every code that a `Problem` may carry, with its meaning in one sentence. docs/errors.md lists the same codes;
 * problem-codes.test.ts proves that the two agree, and that no source file uses a code that is not here.
 */
export const PROBLEM_CODES = {
  'files/unreadable': 'A file or directory that was named cannot be read.',
  'files/too-large': 'A file is larger than its limit, or a directory holds too many files.',
  'files/not-text': 'A file is not UTF-8 text.',

  'yaml/syntax': 'The file is not well-formed YAML.',
  'yaml/duplicate-key': 'A mapping has the same key twice; YAML readers disagree about which one counts.',
  'yaml/too-complex': 'The file nests too deep or its aliases expand to too much.',
  'yaml/not-a-mapping': 'A document is a list or a single value where keys and values belong.',

  'settings/unknown-key': 'tocsin.yaml has a key, or the environment a TOCSIN_ variable, that Tocsin does not know.',
  'settings/missing-key': 'A required setting is missing.',
  'settings/wrong-type': 'A setting has the wrong type.',
  'settings/invalid-value': 'A setting has a value that is not allowed.',
  'settings/not-supported-yet': 'A setting asks for something that this version cannot do.',
  'settings/inline-secret': 'A secret is written into tocsin.yaml instead of a file of its own or the environment.',
  'settings/open-to-the-network': 'A listener is bound to a non-loopback address without tokens or without TLS (or a declared proxy).',
  'settings/public-url-missing': 'Pages are bound to a non-loopback address, but links in messages would point at this machine only.',

  'rules/empty-file': 'A file of rules has nothing in it.',
  'rules/unknown-key': 'A rule has a key that its kind does not have.',
  'rules/missing-key': 'A rule lacks a required key.',
  'rules/wrong-type': 'A value in a rule has the wrong type.',
  'rules/invalid-value': 'A value in a rule is not allowed.',
  'rules/not-supported-yet': 'The rule is valid, but this version cannot honour it. It is refused, because ignoring it would mislead.',
  'rules/unknown-kind': 'The document has an apiVersion or kind that Tocsin does not know.',
  'rules/duplicate-name': 'Two rules of the same kind have the same name.',
  'rules/unknown-reference': 'A rule refers to another rule that does not exist.',
  'rules/unknown-service': 'An SLO names a service for which there is no Service document, although there is one of nearly the same name.',
  'rules/unknown-runbook': 'An SLO names a runbook that does not exist.',
  'rules/reserved-name': 'A label or annotation uses a name that is reserved.',
  'rules/factor-below-one': 'A tier would alert on a burn rate below 1, that is on a service that meets its SLO.',
  'rules/tier-never-fires': 'A tier asks for a burn rate that even a total outage does not reach.',
  'rules/no-preset': 'An SLO names no alert policy and there is no preset for its window.',
  'rules/suspicious-duration': 'A duration looks like the other one of m (minutes) and M (months).',
  'rules/suspicious-target': 'A target looks like a mix-up of ratio and percent.',
  'rules/suspicious-operator': 'A burn-rate condition compares in the direction that would alert on a healthy service.',
  'rules/decided-elsewhere': 'A field has no effect, because another file decides it.',
  'rules/sampling-contradicts': 'A policy of the Sampling document has no effect, or makes another one have none.',
  'rules/bad-sampling-query': 'The query of a sampling policy is not a TraceQL search.',
  'rules/bad-pattern': 'A pattern of a Redaction rule is not a regular expression that Tocsin accepts.',
  'rules/no-hash-key': 'A Redaction rule hashes, but no key to hash with is set.',

  'sli/bad-query': 'The query of an SLI is not TraceQL that rules may use.',
  'sli/bad-group': 'What an SLO is grouped by is not an attribute.',
  'sli/no-part': 'An SLI says neither which events are bad nor which are good.',
  'sli/counts-retries': 'The total counts client spans, so a request that is retried counts once per try.',
  'sli/root-may-be-missing': 'A query asks for the root of the trace, which is known only when it arrives together with the span.',

  'routing/unknown-key': 'routing.yaml has a key that Alertmanager does not know at this place.',
  'routing/missing-key': 'routing.yaml lacks a required key.',
  'routing/wrong-type': 'A value in routing.yaml has the wrong type.',
  'routing/invalid-value': 'A value in routing.yaml is not allowed.',
  'routing/not-supported-yet': 'Alertmanager knows this, but this version of Tocsin cannot honour it. It is refused, because ignoring it would lose or misdirect messages.',
  'routing/inline-secret': 'A secret is written into routing.yaml instead of a file of its own or the environment.',
  'routing/unknown-receiver': 'A route or a Receiver document names a receiver that routing.yaml does not define.',
  'routing/duplicate-receiver': 'Two receivers have the same name.',
  'routing/bad-matcher': 'A matcher cannot be read, or its regular expression is not one that Alertmanager accepts.',

  'runbooks/unknown-key': 'The front matter of a runbook has a key that Tocsin does not know.',
  'runbooks/missing-key': 'The front matter of a runbook lacks a required key.',
  'runbooks/wrong-type': 'A value in the front matter of a runbook has the wrong type.',
  'runbooks/invalid-value': 'A value in the front matter of a runbook is not allowed.',
  'runbooks/not-supported-yet': 'The front matter uses something that this version does not do.',
  'runbooks/bad-matcher': 'A label matcher of a runbook cannot be read.',
  'runbooks/template': 'The runbook cannot be compiled as a template, or uses a construct that runbooks must not use.',
  'runbooks/does-not-render': 'The runbook fails to render for a sample incident, so it would fail at 03:00 too.',

  'tokens/unknown-key': 'An entry of the tokens file has a key that Tocsin does not know.',
  'tokens/missing-key': 'An entry of the tokens file lacks a required key.',
  'tokens/wrong-type': 'A value in the tokens file has the wrong type.',
  'tokens/invalid-value': 'A value in the tokens file is not allowed.',
  'tokens/duplicate': 'Two tokens have the same name or the same hash.',

  'agent/unknown-key': 'agent.yaml has a key that the agent does not know.',
  'agent/missing-key': 'A required key of agent.yaml is missing.',
  'agent/wrong-type': 'A value in agent.yaml has the wrong type.',
  'agent/invalid-value': 'A value in agent.yaml is not allowed.',
  'agent/not-supported-yet': 'agent.yaml asks for something that this version of the agent cannot do. It is refused, because ignoring it would mislead.',

  'incidents/unknown-key': 'An entry of the file of labelled incidents has a key that backtest does not know.',
  'incidents/missing-key': 'An entry of the file of labelled incidents lacks a required key.',
  'incidents/wrong-type': 'A value in the file of labelled incidents has the wrong type.',
  'incidents/invalid-value': 'A value in the file of labelled incidents is not allowed.',
} as const satisfies Record<string, string>;

export type ProblemCode = keyof typeof PROBLEM_CODES;

/** What was being read; the first part of a code. */
export type ProblemArea = 'settings' | 'rules' | 'routing' | 'runbooks' | 'tokens' | 'agent' | 'incidents';

export interface ProblemText {
  readonly path?: string;
  readonly message: string;
  readonly hint?: string;
}

export function errorAt(at: Location, code: ProblemCode, text: ProblemText): Problem {
  return { at, code, path: text.path ?? '', message: text.message, hint: text.hint ?? '', level: 'error' };
}

export function warningAt(at: Location, code: ProblemCode, text: ProblemText): Problem {
  return { ...errorAt(at, code, text), level: 'warning' };
}

export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.level === 'error');
}

/** By file, then place: the order in which a person works through them. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((left, right) =>
    ascending(left.at.file, right.at.file) || left.at.line - right.at.line || left.at.column - right.at.column || ascending(left.code, right.code));
}
