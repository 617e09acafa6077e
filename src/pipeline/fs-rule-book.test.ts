import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadRuleBook, type LoadedRuleBook } from './fs-rule-book.js';

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

describe('redaction', () => {
  const redaction = (spec: string, name = 'own'): string => `apiVersion: tocsin.dev/v1\nkind: Redaction\nmetadata: { name: ${name} }\nspec: ${spec}\n`;
  const load = async (text: string, keyFile?: string): Promise<LoadedRuleBook> => {
    await writeFile(join(directory, 'rules.yaml'), text);
    return loadRuleBook({ rulesDir: directory, runbooksDir: directory, redaction: { keyFile } });
  };
  const namesOf = ({ book }: LoadedRuleBook): string[] => (book?.redaction.policies ?? []).map(({ name, enabled, rules }) => `${name}${enabled ? '' : ' off'} ${rules.map((rule) => rule.name).join()}`);
  const SHIPPED = 'credential-headers,secret-attributes,credentials-in-text,card-and-bank-numbers,email-addresses';

  test('is in force without a word from the operator', async () => {
    expect(namesOf(await load(''))).toEqual([`defaults ${SHIPPED}`]);
  });

  test('of an own document comes before the shipped one', async () => {
    expect(namesOf(await load(redaction('{ rules: [{ name: it, detect: [email] }] }')))).toEqual(['own it', `defaults ${SHIPPED}`]);
  });

  test('of an own document called defaults takes the place of the shipped one', async () => {
    expect(namesOf(await load(redaction('{ rules: [{ name: it, detect: [email] }] }', 'defaults')))).toEqual(['defaults it']);
  });

  test('of an own document called defaults without rules keeps the shipped ones, where it says', async () => {
    expect(namesOf(await load(redaction('{ exempt: { names: [a] } }', 'defaults')))).toEqual([`defaults ${SHIPPED}`]);
    expect(namesOf(await load(redaction('{ enabled: false }', 'defaults')))).toEqual([`defaults off ${SHIPPED}`]);
  });

  test('that cannot work is told with its place', async () => {
    expect(await problemsOf(redaction("{ rules: [{ name: it, attributes: { patterns: ['a(b'] } }] }"))).toEqual(['4 rules/bad-pattern']);
    expect(await problemsOf(redaction('{ rules: [{ name: it, detect: [email], mode: hash }] }'))).toEqual(['4 rules/no-hash-key']);
  });

  test('hashes with the bytes of the key file, without the line break at its end', async () => {
    const [key, hashes] = [join(directory, 'key'), redaction('{ rules: [{ name: it, detect: [email], mode: hash }] }')];
    await writeFile(key, '0123456789abcdef\r\n');
    const { book, problems } = await load(hashes, key);
    expect([problems, Buffer.from(book?.redaction.hashKey ?? []).toString()]).toEqual([[], '0123456789abcdef']);
    await writeFile(key, 'short\n');
    for (const path of [key, join(directory, 'gone')]) {
      const { book: none, problems: [problem, ...others] } = await load(hashes, path);
      expect([none, problem?.at.file, problem?.code, others]).toEqual([undefined, path, 'settings/invalid-value', []]);
    }
  });
});
