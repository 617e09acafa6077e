import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { formatProblem } from '../lib/problem.js';
import { loadRulesDirectory } from './fs-rules.js';
import { loadRules } from './load-rules.js';

const RULES = fileURLToPath(new URL('../../rules', import.meta.url));

describe('the shipped rules', () => {
  test('have no problem, not even a warning', async () => {
    const { problems } = await loadRulesDirectory(RULES);
    expect(problems.map(formatProblem)).toEqual([]);
  });

  test('take the first SLO of the README beside them without a warning', () => {
    const readme = readFileSync(join(RULES, '..', 'README.md'), 'utf8');
    const first = { path: 'basket.yaml', text: /^```yaml rules\/basket\.yaml\n(.*?)^```$/ms.exec(readme)?.[1] ?? '' };
    const shipped = ['shop.yaml', 'policies.yaml', 'windows.yaml'].map((name) => ({ path: name, text: readFileSync(join(RULES, name), 'utf8') }));
    const { rules, problems } = loadRules([...shipped, first]);
    expect(problems.map(formatProblem)).toEqual([]);
    expect(rules.slos.map(({ name }) => name)).toContain('basket-availability');
  });

  test('give the 30-day presets the factors of the SRE workbook, and clamp the 28-day one', async () => {
    const { rules } = await loadRulesDirectory(RULES);
    const factors = (name: string): number[] | undefined => rules.slos.find((slo) => slo.name === name)?.policy.tiers.map((tier) => tier.factor);
    expect(factors('checkout-availability')).toEqual([14.4, 6, 3, 1]);
    expect(factors('front-availability')).toEqual([14.4, 6, 3, 1]);
    expect(rules.slos.find((slo) => slo.name === 'front-availability')?.policy.name).toBe('preset-30d');
  });

  test('have a preset for 7, 28, 30 and 90 days, and a slow page to name beside one', async () => {
    const { rules } = await loadRulesDirectory(RULES);
    const days = rules.policies.flatMap(({ presetForMs }) => (presetForMs === undefined ? [] : [presetForMs / 86_400_000]));
    expect(days.sort((left, right) => left - right)).toEqual([7, 28, 30, 90]);
    expect(rules.policies.find(({ name }) => name === 'slow-page')?.tiers).toMatchObject([{ severity: 'page', longMs: 14 * 86_400_000, burn: { factor: 2 } }]);
  });

  test('know where each query is written', async () => {
    const { rules } = await loadRulesDirectory(RULES);
    const slo = rules.slos.find(({ name }) => name === 'checkout-availability');
    expect(slo?.indicator.total.text).toBe('{ resource.service.name = "checkout" && kind = server }');
    expect(slo?.indicator.total.at.column).toBe(`        total: { metricSource: { type: traces, spec: { query: '`.length + 1);
  });
});
