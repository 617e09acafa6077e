import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { requireOrSkip } from '../../test/support/require.js';
import { createAuthorizer } from '../access/authorize.js';
import { parseTokens } from '../access/tokens.js';
import { formatProblem } from '../lib/problem.js';
import { ok } from '../lib/result.js';
import { formatPath, type TextFile } from '../lib/yaml-document.js';
import { checkReceiverRules, matchRoutes, parseRouting } from '../notify/routing.js';
import { loadRunbooks } from '../runbook/load-runbooks.js';
import { shippedPresets } from './fs-rules.js';
import { checkRunbookReferences, loadRules } from './load-rules.js';
import { readSettings } from './read-settings.js';
import { ENVIRONMENT } from './settings-environment.js';

const docs = readFileSync(fileURLToPath(new URL('../../docs/configuration.md', import.meta.url)), 'utf8');
const blocks: readonly TextFile[] = [...docs.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)].map(([, path = '', text = '']) => ({ path, text }));
const named = (pattern: RegExp): readonly TextFile[] => blocks.filter(({ path }) => pattern.test(path));

const settingsOf = (environment: Record<string, string>, file?: TextFile): ReturnType<typeof readSettings> => readSettings({ file, environment, readSecret: () => ok('x') });

describe('docs/configuration.md', () => {
  test('lists every setting with its variable, and no other', () => {
    const table = Object.fromEntries([...docs.matchAll(/^\| `([\w.]+)` \| `(TOCSIN_\w+)`/gm)].map(([, key = '', variable = '']) => [variable, key.replace(/^slack\.(token|signingSecret|appToken)File$/, 'slack.$1')]));
    expect(table).toEqual(Object.fromEntries(Object.entries(ENVIRONMENT).map(([variable, { path }]) => [variable, formatPath(path)])));
  });

  test('states the defaults as they are', () => {
    const defaults = new Map([...docs.matchAll(/^\| `[\w.]+` \| `(TOCSIN_\w+)`[^|]*\| `([^`]+)` \|/gm)].map(([, variable = '', value = '']) => [variable, value]));
    expect(defaults.size).toBeGreaterThan(10);
    expect(settingsOf(Object.fromEntries(defaults))).toEqual(settingsOf({}));
  });

  test('has settings that are valid as they stand', () => {
    const read = named(/^tocsin\.yaml$/).map((file) => settingsOf({}, file));
    expect(read.flatMap(({ problems }) => problems.map(formatProblem))).toEqual([]);
    // The second example is of one setting only.
    expect(read.map(({ settings }) => settings?.publicUrl)).toEqual(['https://tocsin.example.com', undefined, 'https://tocsin.example.com']);
  });

  test('has rules, a receiver, routing and a runbook that work together', async () => {
    const { rules, problems } = loadRules([await shippedPresets(), ...named(/^rules\/(?!routing)/)]);
    expect(problems.map(formatProblem)).toEqual([]);
    expect(rules.slos[0]?.policy.tiers.map(({ factor }) => factor)).toEqual([14.4, 6, 1]);
    const runbooks = loadRunbooks(named(/^runbooks\//));
    expect(runbooks.problems.map(formatProblem)).toEqual([]);
    expect(checkRunbookReferences(rules, runbooks.runbooks.map(({ name }) => name))).toEqual([]);
    const routing = parseRouting(named(/routing\.yaml$/)[0] ?? { path: '', text: '' });
    if (!routing.ok) throw new Error(routing.error.map(formatProblem).join('\n'));
    expect(checkReceiverRules(routing.value, rules.receivers)).toEqual([]);
    const receivers = (labels: Record<string, string>): string[] => matchRoutes(routing.value, labels).map(({ receiver }) => receiver);
    expect([receivers({ severity: 'page', team: 'web' }), receivers({ severity: 'ticket', team: 'web' }), receivers({ severity: 'ticket', team: 'x' })]).toEqual([['on-call'], ['web'], ['tickets']]);
  });

  test.skipIf(!requireOrSkip('amtool', 'apt-get install prometheus-alertmanager'))('has routing that amtool accepts', () => {
    const directory = mkdtempSync(join(tmpdir(), 'tocsin-docs-'));
    try {
      writeFileSync(join(directory, 'routing.yaml'), named(/routing\.yaml$/)[0]?.text ?? '');
      expect(execFileSync('amtool', ['check-config', join(directory, 'routing.yaml')], { encoding: 'utf8' })).toContain('SUCCESS');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test('has a tokens file that is valid', () => {
    const [file] = named(/^tokens\.yaml$/);
    expect(file === undefined ? undefined : parseTokens(file).ok).toBe(true);
  });

  test.skipIf(!requireOrSkip('openssl', 'apt-get install openssl'))('has a line of shell that makes a token with its hash', () => {
    const line = /^```sh\n(token=.*?)\n```$/ms.exec(docs)?.[1] ?? '';
    const output = execFileSync('sh', ['-c', line], { encoding: 'utf8' });
    const [, token = '', hash = ''] = /^token: (\S+)\nhash: (\S+)\n$/.exec(output) ?? [];
    const tokens = parseTokens({ path: 'tokens.yaml', text: `tokens: [{ name: a, role: viewer, hash: '${hash}' }]\n` });
    const authorize = createAuthorizer({ settings: { http: { host: '0.0.0.0' }, otlp: { host: '0.0.0.0' } }, tokens: tokens.ok ? tokens.value : undefined });
    expect(authorize(`Bearer ${token}`, 'viewer').kind).toBe('allowed');
  });

  test('links to headings that exist', () => {
    const slugs = new Set([...docs.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading.toLowerCase().replace(/[^\w -]/g, '').replaceAll(' ', '-')));
    const errors = readFileSync(fileURLToPath(new URL('../../docs/errors.md', import.meta.url)), 'utf8');
    const wanted = [...docs.matchAll(/\]\(#([\w-]+)\)/g), ...errors.matchAll(/\]\(configuration\.md#([\w-]+)\)/g)].map(([, slug = '']) => slug);
    expect(wanted.length).toBeGreaterThan(5);
    expect(wanted.filter((slug) => !slugs.has(slug))).toEqual([]);
  });
});
