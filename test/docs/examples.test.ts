import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { weighEvidence } from '../../src/budget/evidence-gate.js';
import { WORKBOOK_POLICY } from '../../src/budget/slo-builder.js';
import { formatBurn } from '../../src/lib/format.js';
import { formatProblem } from '../../src/lib/problem.js';
import { loadRuleBook, type LoadedRuleBook } from '../../src/pipeline/fs-rule-book.js';
import { parseTraceql } from '../../src/trace/traceql/parser.js';
import { requireOrSkip } from '../support/require.js';
import { blocksOf, OPERATIONS, OWN, README, SLO, tableOf } from './documents.js';

const rules = OWN.flatMap((document) => blocksOf(document).filter(({ label }) => label.startsWith('rules/')).map((block) => [`${document.path}: ${block.label}`, block] as const));

/** Rules that name receivers stand beside the routing of the same page. */
const BESIDE = new Map([['rules/routing.yaml', rules.filter(([name]) => name === 'docs/alerting.md: rules/routing.yaml')[1]?.[1].text ?? '']]);
const NAMES_RECEIVERS = ['rules/receivers.yaml', 'rules/escalation.yaml', 'rules/people.yaml', 'rules/drills.yaml', 'rules/chat.yaml'];

/** As `tocsin check` looks at it, alone in its directory. */
async function checked(path: string, text: string, beside = new Map<string, string>()): Promise<LoadedRuleBook> {
  const directory = mkdtempSync(join(tmpdir(), 'tocsin-docs-'));
  try {
    for (const name of ['rules', 'runbooks']) mkdirSync(join(directory, name));
    for (const [name, content] of [...beside, [path, text] as const]) writeFileSync(join(directory, name), content);
    return await loadRuleBook({ rulesDir: join(directory, 'rules'), runbooksDir: join(directory, 'runbooks') });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe('rules in the documentation', () => {
  test('are there', () => {
    expect(rules.map(([name]) => name)).toEqual([
      'README.md: rules/basket.yaml', 'README.md: rules/routing.yaml', 'docs/slo.md: rules/search.yaml', 'docs/slo.md: rules/month.yaml', 'docs/slo.md: rules/slices.yaml', 'docs/slo.md: rules/order.yaml', 'docs/slo.md: rules/buying.yaml', 'docs/slo.md: rules/regions.yaml', 'docs/slo.md: rules/slow.yaml', 'docs/slo.md: rules/maintenance.yaml', 'docs/slo.md: rules/not-ours.yaml',
      'docs/slo.md: rules/stopped.yaml', 'docs/slo.md: rules/gates.yaml', 'docs/alerting.md: rules/routing.yaml',
      // Receivers.
      'docs/alerting.md: rules/routing.yaml', 'docs/alerting.md: rules/receivers.yaml', 'docs/alerting.md: rules/chat.yaml', 'docs/alerting.md: rules/windows.yaml', 'docs/alerting.md: rules/thresholds.yaml', 'docs/alerting.md: rules/escalation.yaml', 'docs/alerting.md: rules/people.yaml', 'docs/alerting.md: rules/drills.yaml',
    ]);
  });

  test.each(rules)('%s is taken without a word', async (_name, { label, text }) => {
    // What is excluded is excluded from the SLO of the example before it.
    const { book, problems } = await checked(label, ['rules/maintenance.yaml', 'rules/not-ours.yaml'].includes(label) ? `${blocksOf(SLO).find((block) => block.label === 'rules/slices.yaml')?.text ?? ''}---\n${text}` : text, NAMES_RECEIVERS.includes(label) ? BESIDE : new Map());
    expect(problems.map(formatProblem)).toEqual([]);
    expect(book?.slos.length).toBe(label === 'rules/buying.yaml' ? 3 : ['rules/routing.yaml', 'rules/stopped.yaml', 'rules/gates.yaml', 'rules/thresholds.yaml', 'rules/windows.yaml', ...NAMES_RECEIVERS].includes(label) ? 0 : 1);
  });

  test.skipIf(!requireOrSkip('amtool', 'apt-get install prometheus-alertmanager')).each(rules.filter(([name]) => name.endsWith('rules/routing.yaml')))('amtool accepts %s', (_name, { text }) => {
    const directory = mkdtempSync(join(tmpdir(), 'tocsin-docs-'));
    try {
      writeFileSync(join(directory, 'routing.yaml'), text);
      expect(execFileSync('amtool', ['check-config', join(directory, 'routing.yaml')], { encoding: 'utf8' })).toContain('SUCCESS');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test('the first SLO has the tiers that the README names', async () => {
    const { book } = await checked('rules/basket.yaml', blocksOf(README).find(({ label }) => label === 'rules/basket.yaml')?.text ?? '');
    expect(book?.slos[0]?.slo.policy.tiers.map(({ severity, factor, longMs, shortMs }) => [severity, factor, longMs / 60_000, shortMs / 60_000])).toEqual([
      ['page', 14.4, 60, 5], ['page', 6, 360, 30], ['ticket', 3, 1_440, 120], ['ticket', 1, 4_320, 360],
    ]);
  });
});

describe('TraceQL in the documentation', () => {
  const valid = blocksOf(SLO).find(({ language, label }) => language === 'traceql' && label === 'valid')?.text.trim().split('\n') ?? [];
  const wrong = [...(blocksOf(SLO).find(({ label }) => label === 'traceql-errors')?.text ?? '').matchAll(/^(\S.*)\n {2}(.*)$/gm)].map(([, query = '', answer = '']) => [query, answer] as const);

  test('is there', () => {
    expect(valid.length).toBeGreaterThan(8);
    expect(wrong.length).toBeGreaterThan(5);
  });

  test.each(valid)('%s is right', (query) => {
    const parsed = parseTraceql(query);
    expect(parsed.ok ? 'right' : parsed.error).toBe('right');
  });

  test.each(wrong)('%s is answered as shown', (query, answer) => {
    const parsed = parseTraceql(query);
    const error = parsed.ok ? undefined : parsed.error;
    expect(error === undefined ? 'right' : `${error.line}:${error.column} ${error.message}. ${error.hint}`).toBe(answer);
  });
});

describe('the worked example of the evidence gate', () => {
  const [tier] = WORKBOOK_POLICY.tiers;
  const rows = tableOf(SLO, 'requests in the last hour');

  test.each(rows)('%s requests, %s failed: burn %s, probability %s, pages: %s', (requests, failed, burn, probability, pages) => {
    if (tier === undefined) throw new Error('the policy has no tier');
    const [total, bad] = [Number(requests.replace(',', '')), Number(failed)];
    const errorRatio = bad / total;
    const burnRate = errorRatio / 0.001;
    const long = { windowMs: tier.longMs, bad, total, effectiveTotal: total, errorRatio, burnRate };
    const evidence = weighEvidence({ tier, target: 0.999, policy: WORKBOOK_POLICY.evidence, long, short: long });
    expect({ burn, probability: Number(probability), pages }).toEqual({ burn: formatBurn(burnRate), probability: expect.closeTo(evidence.pValue, -Math.floor(Math.log10(evidence.pValue))), pages: burnRate > tier.factor && evidence.passed ? 'yes' : 'no' });
  });

  test('shows what the gate is for', () => {
    expect(rows.length).toBeGreaterThanOrEqual(5);
    expect(new Set(rows.map((row) => row.at(-1)))).toEqual(new Set(['yes', 'no']));
  });
});

describe('configuration of others', () => {
  test('the Collector uses every part that it defines', () => {
    interface Collector { readonly service: { readonly extensions: string[]; readonly pipelines: Record<string, { receivers: string[]; exporters: string[] }> } }
    const config = parse(blocksOf(README).find(({ label }) => label === 'collector')?.text ?? '') as Collector & Record<'extensions' | 'receivers' | 'exporters', Record<string, { readonly sending_queue?: { readonly storage: string } }>>;
    const pipelines = Object.values(config.service.pipelines);
    expect(Object.keys(config.service.pipelines)).toEqual(['traces', 'logs']);
    expect(config.service.extensions).toEqual(Object.keys(config.extensions));
    for (const { receivers, exporters } of pipelines) expect({ receivers, exporters }).toEqual({ receivers: Object.keys(config.receivers), exporters: Object.keys(config.exporters) });
    expect(Object.values(config.exporters).map(({ sending_queue: queue }) => queue?.storage)).toEqual(['file_storage']);
  });

  test.skipIf(!requireOrSkip('promtool', 'apt-get install prometheus'))('Prometheus takes the alerts', () => {
    const directory = mkdtempSync(join(tmpdir(), 'tocsin-docs-'));
    try {
      writeFileSync(join(directory, 'tocsin.yaml'), blocksOf(OPERATIONS).find(({ label }) => label === 'prometheus rules')?.text ?? '');
      expect(execFileSync('promtool', ['check', 'rules', join(directory, 'tocsin.yaml')], { encoding: 'utf8' })).toContain('7 rules found');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
