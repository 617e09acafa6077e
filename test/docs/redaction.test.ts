import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DETECTOR_NAMES, REDACTION_MODES } from '../../src/config/redaction.js';
import { DETECTORS } from '../../src/ingest/detect.js';
import { concealerFor } from '../../src/ingest/redact-concealer.js';
import { redactorFor } from '../../src/ingest/redactor.js';
import { formatProblem } from '../../src/lib/problem.js';
import { loadRuleBook, type RuleBook } from '../../src/pipeline/fs-rule-book.js';
import type { AttributeValue } from '../../src/trace/attribute.js';
import { spanBatch } from '../../src/trace/batch-builder.js';
import { blocksOf, readDocument, tableOf, type Block } from './documents.js';

const DOCUMENT = readDocument('docs/redaction.md');
const examples = blocksOf(DOCUMENT).filter(({ label }) => label.startsWith('rules/'));
const cellsOf = (header: string): readonly (readonly string[])[] => tableOf(DOCUMENT, header).map((row) => row.map((cell) => cell.replaceAll('\\|', '|')));
const codeIn = (cell = ''): string => /^`(.*)`$/.exec(cell)?.[1] ?? '';

/** As `tocsin check` looks at it, alone in its directory. */
async function bookOf(blocks: readonly Block[]): Promise<RuleBook> {
  const directory = mkdtempSync(join(tmpdir(), 'tocsin-docs-'));
  try {
    for (const name of ['rules', 'runbooks']) mkdirSync(join(directory, name));
    for (const { label, text } of blocks) writeFileSync(join(directory, label), text);
    const { book, problems } = await loadRuleBook({ rulesDir: join(directory, 'rules'), runbooksDir: join(directory, 'runbooks') });
    expect(problems.map(formatProblem)).toEqual([]);
    if (book === undefined) throw new Error('there are no rules');
    return book;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The attributes of one span of `service` under these rules. */
async function stored(blocks: readonly Block[], service: string, attributes: Record<string, AttributeValue>): Promise<Record<string, AttributeValue>> {
  const { batch } = redactorFor((await bookOf(blocks)).redaction).spans(spanBatch([{ service, attributes }]));
  return Object.fromEntries(batch.attributes.map(({ key, value }) => [key, value]));
}

const example = (label: string): readonly Block[] => examples.filter((block) => block.label === label);

describe('docs/redaction.md', () => {
  test('names the shipped rules, and shows what they do', async () => {
    const rows = cellsOf('rule');
    const [shipped, ...others] = (await bookOf([])).redaction.policies;
    expect([rows.map(([name]) => codeIn(name)), others]).toEqual([shipped?.rules.map(({ name }) => name), []]);
    const sent = { 'http.request.header.authorization': 'x', 'db.password': 'x', a: '/cb?access_token=abc&x=1', b: 'paid with 4111 1111 1111 1111', c: 'mail to ann@shop.example' };
    const shown = Object.entries(await stored([], 'any', sent)).map(([key, value]) => (key.length > 1 ? `\`${key}\` = \`${value as string}\`` : `\`${value as string}\``));
    expect(rows.map(([, , result]) => result)).toEqual(shown);
  });

  test('lists every detector in its order, and every mode', () => {
    expect([...new Set(cellsOf('detector').map(([name]) => /^`([\w-]+)`/.exec(name ?? '')?.[1]))]).toEqual([...DETECTOR_NAMES]);
    expect(cellsOf('mode').map(([name]) => /^`(\w+)`/.exec(name ?? '')?.[1])).toEqual(expect.arrayContaining([...REDACTION_MODES]));
  });

  test.each(cellsOf('detector').filter(([, sent]) => codeIn(sent) !== ''))('%s makes of %s what is shown: %s', (name, sent, shown) => {
    const { redact } = DETECTORS[/^`([\w-]+)`/.exec(name ?? '')?.[1] as keyof typeof DETECTORS];
    expect(redact(codeIn(sent), concealerFor('mask', undefined))).toBe(codeIn(shown));
  });

  test('has an example that adds to the defaults', async () => {
    const sent = { 'customer.name': 'Ann', 'customer.segment': 'gold', 'http.client_ip': '10.0.0.1', 'user.birthdate': '1990', 'order.note': 'coupon=abc for ann@shop.example', 'db.password': 'x' };
    expect(await stored(example('rules/people.yaml'), 'checkout', sent)).toEqual({ 'customer.segment': 'gold', 'order.note': 'coupon=**** for ****@****', 'db.password': '****' });
    expect(await stored(example('rules/people.yaml'), 'cart', { 'customer.name': 'Ann', 'db.password': 'x' })).toEqual({ 'customer.name': 'Ann', 'db.password': '****' });
  });

  test('has an allow list', async () => {
    expect(await stored(example('rules/allow.yaml'), 'clinic', { 'http.route': '/', 'patient.name': 'Ann' })).toEqual({ 'http.route': '/' });
  });

  test('has a document that only says where the defaults apply', async () => {
    expect(await stored(example('rules/defaults.yaml'), 'any', { 'game.token': 'blue', 'messaging.to': 'ann@shop.example', token: 'x' })).toEqual({ 'game.token': 'blue', 'messaging.to': 'ann@shop.example', token: '****' });
  });

  test('has examples of nothing else', () => {
    expect(examples.map(({ label }) => label)).toEqual(['rules/people.yaml', 'rules/allow.yaml', 'rules/defaults.yaml']);
  });
});
