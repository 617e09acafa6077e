import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadRuleBook } from './fs-rule-book.js';

let directory: string;
beforeEach(async () => { directory = await mkdtemp(join(tmpdir(), 'tocsin-rules-')); });
afterEach(() => rm(directory, { recursive: true, force: true }));

const source = (query: string, type = 'traces'): string => `{ metricSource: { type: ${type}, spec: { query: '${query}' } } }`;
const slo = (parts: { readonly total: string; readonly bad: string; readonly target: number; readonly policy?: string }): string => `apiVersion: openslo/v1
kind: SLO
metadata: { name: checkout }
spec:
  service: checkout
  budgetingMethod: Occurrences
  timeWindow: [{ duration: 30d, isRolling: true }]
  indicator: { spec: { ratioMetric: {
    total: ${parts.total},
    bad: ${parts.bad} } } }
  objectives: [{ target: ${parts.target} }]
  alertPolicies: [{ alertPolicyRef: ${parts.policy ?? 'careful'} }]
---
apiVersion: tocsin.dev/v1
kind: BurnRatePolicy
metadata: { name: careful }
spec: { tiers: [{ severity: page, budget: 2%, long: 1h, short: 5m }] }
`;

async function problemsOf(text: string): Promise<string[]> {
  await writeFile(join(directory, 'rules.yaml'), text);
  const { problems } = await loadRuleBook({ rulesDir: directory, runbooksDir: directory });
  return problems.map(({ at, code }) => `${at.line} ${code}`);
}

test('every mistake of an SLO is told at once: target, policy and both queries', async () => {
  const text = slo({ total: source('{ kind = server'), bad: source('{ statsu = error }'), target: 1.5, policy: 'carefull' });
  expect(await problemsOf(text)).toEqual(['9 sli/bad-query', '10 sli/bad-query', '11 rules/suspicious-target', '12 rules/unknown-reference']);
});

test('a query is told once, whether the rest of its SLO is right or not', async () => {
  expect(await problemsOf(slo({ total: source('{ kind = server'), bad: source('{ status = error }'), target: 0.999 }))).toEqual(['9 sli/bad-query']);
});

test('what is asked of another system than traces is not read as TraceQL', async () => {
  expect(await problemsOf(slo({ total: source('{ kind = sever }'), bad: source('sum(rate(errors[5m]))', 'prometheus'), target: 0.999 }))).toEqual(['9 sli/bad-query', '10 rules/not-supported-yet']);
});

test('an SLI that no SLO uses is checked as well', async () => {
  const sli = `---\napiVersion: openslo/v1\nkind: SLI\nmetadata: { name: spare }\nspec: { ratioMetric: { total: ${source('{ kind = server }')}, good: ${source('{ nonsense }')} } }\n`;
  expect(await problemsOf(slo({ total: source('{ kind = server }'), bad: source('{ status = error }'), target: 0.999 }) + sli)).toEqual(['22 sli/bad-query']);
});
