import { parseDuration } from '../lib/duration.js';
import { errorAt } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import { formatPath, type DocumentPath } from '../lib/yaml-document.js';
import type { EscalationRule, PersonRule } from './escalation.js';
import type { RuleDocument } from './rule-documents.js';

export function readEscalation({ content, source }: RuleDocument<'EscalationPolicy'>, problems: Problem[]): EscalationRule {
  const { spec, metadata } = content;
  const duration = (text: string, path: DocumentPath): number => {
    const parsed = parseDuration(text);
    if (parsed.ok && parsed.value > 0) return parsed.value;
    problems.push(errorAt(source.at(path), 'rules/invalid-value', { path: formatPath(path), message: parsed.ok ? 'this must be longer than nothing' : parsed.error, hint: 'write it like 5m or 1h30m' }));
    return 1;
  };
  const steps = spec.steps.map(({ after, receivers = [], persons = [], during = [] }, index) => {
    const path = ['spec', 'steps', index];
    if (receivers.length + persons.length === 0) problems.push(errorAt(source.at(path), 'rules/missing-key', { path: formatPath(path), message: 'this step tells nobody', hint: 'name receivers or persons' }));
    return { afterMs: duration(after, [...path, 'after']), receivers, persons, during };
  });
  return {
    name: metadata.name, receivers: spec.receivers, severity: spec.severity ?? 'page', steps, repeat: spec.repeat ?? 0, during: spec.during ?? [],
    remindAcknowledgedMs: spec.remindAcknowledgedEvery === undefined ? undefined : duration(spec.remindAcknowledgedEvery, ['spec', 'remindAcknowledgedEvery']), at: source.at(['metadata', 'name']),
  };
}

export function readPersons(documents: Iterable<RuleDocument<'Person'>>, problems: Problem[]): PersonRule[] {
  const bySlackUser = new Map<string, string>();
  return [...documents].map(({ content: { metadata: { name }, spec }, source }) => {
    const { receiver, slackUser } = spec;
    const first = slackUser === undefined ? undefined : bySlackUser.get(slackUser);
    if (first !== undefined) problems.push(errorAt(source.at(['spec', 'slackUser']), 'rules/invalid-value', { path: 'spec.slackUser', message: `"${first}" has this Slack user already`, hint: 'keep one of them' }));
    if (slackUser !== undefined) bySlackUser.set(slackUser, name);
    return { name, receiver, slackUser, at: source.at(['metadata', 'name']) };
  });
}
