import { describe, expect, test } from 'vitest';
import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { loadRules } from './load-rules.js';

const policy = (spec: string): string => `apiVersion: tocsin.dev/v1\nkind: EscalationPolicy\nmetadata: { name: pages }\nspec: ${spec}\n`;
const person = (name: string, spec: string): string => `---\napiVersion: tocsin.dev/v1\nkind: Person\nmetadata: { name: ${name} }\nspec: ${spec}\n`;
const load = (text: string): ReturnType<typeof loadRules> => loadRules([{ path: 'escalation.yaml', text }]);

test('a policy and its persons are read, with their defaults', () => {
  const { rules, problems } = load(policy('{ receivers: [on-call], steps: [{ after: 5m, receivers: [second] }, { after: 1h30m, persons: [ann], during: [office] }] }') + person('ann', '{ receiver: ann, slackUser: U012AB3CD }'));
  expect(problems).toEqual([]);
  expect(rules.escalations).toMatchObject([{
    name: 'pages', receivers: ['on-call'], severity: 'page', repeat: 0, during: [], remindAcknowledgedMs: undefined,
    steps: [{ afterMs: 5 * MINUTE_MS, receivers: ['second'], persons: [], during: [] }, { afterMs: 1.5 * HOUR_MS, receivers: [], persons: ['ann'], during: ['office'] }],
  }]);
  expect(rules.persons).toMatchObject([{ name: 'ann', receiver: 'ann', slackUser: 'U012AB3CD' }]);
});

describe('mistakes are named with their place', () => {
  test.each([
    ['a step that tells nobody', policy('{ receivers: [a], steps: [{ after: 5m }] }'), 'rules/missing-key', 'spec.steps[0]'],
    ['a delay of nothing', policy('{ receivers: [a], steps: [{ after: 0s, receivers: [b] }] }'), 'rules/invalid-value', 'spec.steps[0].after'],
    ['a delay without a unit', policy('{ receivers: [a], steps: [{ after: "5", receivers: [b] }] }'), 'rules/invalid-value', 'spec.steps[0].after'],
    ['a Slack name instead of an id', person('ann', '{ slackUser: "@ann" }'), 'rules/invalid-value', 'spec.slackUser'],
    ['two persons with one Slack user', person('ann', '{ slackUser: U012 }') + person('bob', '{ slackUser: U012 }'), 'rules/invalid-value', 'spec.slackUser'],
  ])('%s', (_name, text, code, path) => {
    expect(load(text).problems).toMatchObject([{ code, path }]);
  });
});
