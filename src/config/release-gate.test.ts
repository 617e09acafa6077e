import { describe, expect, test } from 'vitest';
import { formatProblem } from '../lib/problem.js';
import { loadRules } from './load-rules.js';
import { DEFAULT_GATE, gateOf } from './release-gate.js';

const SLO = (name: string): string => `apiVersion: openslo/v1
kind: SLO
metadata: { name: ${name} }
spec:
  service: shop
  budgetingMethod: Occurrences
  timeWindow: [{ duration: 30d, isRolling: true }]
  indicator: { metadata: { name: ok }, spec: { ratioMetric: { counter: false, total: { metricSource: { type: traces, spec: { query: '{ kind = server }' } } }, bad: { metricSource: { type: traces, spec: { query: '{ status = error }' } } } } } }
  objectives: [{ target: 0.99 }]
  alertPolicies: [{ alertPolicyRef: fast }]
---
`;
const POLICY = 'apiVersion: tocsin.dev/v1\nkind: BurnRatePolicy\nmetadata: { name: fast }\nspec: { tiers: [{ severity: page, factor: 14.4, long: 1h, short: 5m }] }\n---\n';
const gate = (name: string, spec: string): string => `apiVersion: tocsin.dev/v1\nkind: ReleaseGate\nmetadata: { name: ${name} }\nspec: ${spec}\n---\n`;

function load(...documents: readonly string[]): ReturnType<typeof loadRules> {
  return loadRules([{ path: 'rules/shop.yaml', text: SLO('checkout') + SLO('search') + POLICY + documents.join('') }]);
}

describe('ReleaseGate', () => {
  test('is read with its steps, and is chosen by name before the one for all', () => {
    const { rules, problems } = load(
      gate('payments', "{ slos: [checkout], steps: [{ budgetBelow: 10%, action: freeze, note: only fixes }, { burning: ticket, action: warn }, { versionBurned: 2.5 %, action: freeze }, { noData: true, action: freeze }] }"),
      gate('others', '{ steps: [{ budgetBelow: -5%, action: freeze }] }'),
    );
    expect(problems.map(formatProblem)).toEqual([]);
    expect(gateOf({ name: 'checkout' }, rules.gates)).toMatchObject({
      name: 'payments',
      steps: [
        { when: { kind: 'budget-below', share: 0.1 }, action: 'freeze', note: 'only fixes' }, { when: { kind: 'burning', severity: 'ticket' }, action: 'warn', note: '' },
        { when: { kind: 'version-burned', share: 0.025 }, action: 'freeze' }, { when: { kind: 'no-data' }, action: 'freeze' },
      ],
    });
    expect(gateOf({ name: 'search' }, rules.gates)).toMatchObject({ name: 'others', steps: [{ when: { share: -0.05 } }] });
    expect(gateOf({ name: 'search' }, [])).toBe(DEFAULT_GATE);
  });

  test.each([
    ['an SLO that there is not', [gate('a', '{ slos: [basket], steps: [{ burning: page, action: freeze }] }')], /rules\/unknown-reference spec\.slos\[0\]: there is no SLO "basket"/],
    ['two gates for one SLO', [gate('a', '{ slos: [search], steps: [{ burning: page, action: freeze }] }'), gate('b', '{ slos: [search], steps: [{ burning: page, action: warn }] }')], /rules\/duplicate-name spec\.slos: the gate "a" covers "search" already/],
    ['two gates for all', [gate('a', '{ steps: [{ burning: page, action: freeze }] }'), gate('b', '{ steps: [{ burning: page, action: warn }] }')], /the gate "a" covers all other SLOs already/],
    ['a step without a condition', [gate('a', '{ steps: [{ action: freeze }] }')], /spec\.steps\[0\]: the step has no condition/],
    ['a step with two', [gate('a', '{ steps: [{ burning: page, noData: true, action: freeze }] }')], /more than one condition/],
    ['a share that is none', [gate('a', '{ steps: [{ budgetBelow: "0.25", action: freeze }] }')], /"0\.25" is not a share of the budget: write it like 25%/],
    ['an action that there is not', [gate('a', '{ steps: [{ burning: page, action: stop }] }')], /rules\/invalid-value spec\.steps\[0\]\.action/],
  ])('refuses %s', (_what, documents, message) => {
    expect(load(...documents).problems.map(formatProblem).join('\n')).toMatch(message);
  });
});
