import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.js';
import { unknownVariables } from '../../src/config/settings-environment.js';
import { DEFAULT_HOT_RETENTION_MS, DEFAULT_HTTP_PORT, DEFAULT_OTLP_GRPC_PORT, DEFAULT_OTLP_HTTP_PORT } from '../../src/config/settings.js';
import { BUDGET_STEPS, UPDATE_INTERVAL_MS } from '../../src/incident/incident-policy.js';
import { DECODE_LIMITS } from '../../src/ingest/decode-limits.js';
import { RECEIVER_LIMITS } from '../../src/ingest/receiver.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/lib/duration.js';
import { GIVE_UP_AFTER_MS } from '../../src/notify/retry-policy.js';
import { MAX_OPERATIONS_PER_SERVICE } from '../../src/sli/operation-limiter.js';
import { DIGEST_RETENTION_MS } from '../../src/store/digest-index.js';
import { IMPORTED_AFTER_MS } from '../../src/store/span-sink.js';
import { DEFAULT_GROUP_LIMITS } from '../../src/store/system-group-commit.js';
import { ALL, ARCHITECTURE, codeSpansOf, OPERATIONS, OWN, README, ROOT, tableOf } from './documents.js';

const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
const codeOf = (pattern: RegExp): string => sources.filter((path) => path.endsWith('.ts') && !/\.(?:test|contract)\.ts$/.test(path) && pattern.test(path)).map((path) => readFileSync(join(ROOT, 'src', path), 'utf8')).join('\n');
const { STAGES } = (await import(new URL('../../stages.js', import.meta.url).href)) as { readonly STAGES: readonly string[] };
const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort();

describe('metrics', () => {
  const exported = sorted([...codeOf(/./).matchAll(/name: '(tocsin_\w+)'/g)].map(([, name = '']) => name));

  test('are listed, all of them and no others', () => {
    expect(sorted(tableOf(OPERATIONS, 'metric').flatMap(([names = '']) => [...names.matchAll(/tocsin_\w+/g)].map(([name]) => name)))).toEqual(exported);
  });

  test('that any page names exist', () => {
    const named = ALL.flatMap(({ text }) => [...text.matchAll(/\btocsin_[a-z_]+/g)].map(([name]) => name.replace(/_(bucket|count|sum)$/, '')));
    expect(sorted(named).filter((name) => !exported.includes(name) && name !== 'tocsin_delivery')).toEqual([]);
  });
});

describe('messages of the log', () => {
  test('that a person may have to act on are listed, all of them and no others', () => {
    const logged = [...codeOf(/^cli\/serve/).matchAll(/\blog\.(?:warn|error|fatal)\(.*?'((?:[^'\\]|\\.)+)'\)/g)].map(([, message = '']) => message);
    expect(sorted(tableOf(OPERATIONS, 'message').map(([message = '']) => message.replaceAll('`', '')))).toEqual(sorted(logged));
  });
});

describe('names in the documentation', () => {
  test('of variables are those that are read', () => {
    const named = OWN.flatMap(({ text }) => [...text.matchAll(/\bTOCSIN_[A-Z_]+\b/g)].map(([name]) => name));
    expect(named.length).toBeGreaterThan(5);
    expect(unknownVariables(Object.fromEntries(named.map((name) => [name, 'x'])))).toEqual([]);
  });

  test('of npm scripts exist', () => {
    const { scripts, engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string>; engines: { node: string } };
    const named = OWN.flatMap(({ text }) => [...text.matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)].map(([, run, short]) => run ?? short ?? ''));
    expect(sorted(named).filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
    expect(README.text).toContain(`Node ${engines.node.replace('>=', '')} or newer`);
  });

  test('of commands and their options exist', async () => {
    const named = OWN.flatMap(({ text }) => [...text.matchAll(/\b(?:npx tocsin|npm run) (\w+(?:-\w+)*)(?: --)?((?: --[\w-]+)*)/g)].map(([, name = '', options = '']) => ({ name, options: options.trim().split(/ ?--/).filter((option) => option !== '') })));
    const commands = new Map(await Promise.all(COMMANDS.map(async ({ name, load }) => [name, await load()] as const)));
    for (const { name, options } of named) {
      for (const option of options) expect(Object.keys(commands.get(name)?.options ?? {}), `${name} --${option}`).toContain(option);
    }
    const direct = OWN.flatMap(({ text }) => [...text.matchAll(/\bnpx tocsin (\w+(?:-\w+)*)/g)].map(([, name = '']) => name));
    expect(direct).toEqual(expect.arrayContaining(['check', 'import', 'serve']));
    expect(direct.filter((name) => !commands.has(name))).toEqual([]);
  });

  test('of files and folders exist', () => {
    const written = new Set(['tocsin.yaml', 'rules/basket.yaml', 'runbooks/NAME.md']);
    const inSource = sources.map((path) => `/${path}`);
    const exists = (name: string): boolean => existsSync(join(ROOT, name)) || inSource.some((path) => path.endsWith(`/${name}`));
    const named = OWN.flatMap((document) => codeSpansOf(document).filter((code) => /^[\w.-]+(?:\/[\w.-]+)*\.(?:ts|js|sql|yaml|md)$/.test(code) || /^(?:src|test|rules|runbooks|bench|scripts|docs)\/[\w/.-]*$/.test(code)));
    expect(named.length).toBeGreaterThan(30);
    expect(sorted(named).filter((name) => !written.has(name) && !exists(name))).toEqual([]);
  });

  test('of stages are those there are, in their order', () => {
    const folders = STAGES.filter((stage) => existsSync(join(ROOT, 'src', stage)));
    expect(tableOf(ARCHITECTURE, 'stage').map(([stage = '']) => stage.replaceAll('`', ''))).toEqual(folders);
    for (const stage of STAGES) if (!folders.includes(stage)) expect(ARCHITECTURE.text).toContain(`\`${stage}\``);
  });

  test("of Slack's methods are those that are called", () => {
    const method = /\b(?:chat|conversations|users|reactions|views)\.[a-zA-Z]+\b/g;
    const called = [...codeOf(/^notify\/slack-(?:notifier|message-finder)\.ts$/).matchAll(/'([a-z]+\.[a-zA-Z]+)'/g)].map(([, name = '']) => name);
    const named = tableOf(README, 'scope').flatMap((row) => [...row.join(' ').matchAll(method)].map(([name]) => name));
    expect(sorted(named)).toEqual(sorted(called));
  });
});

describe('figures in the documentation', () => {
  test('of ports are the defaults', () => {
    const addresses = tableOf(README, 'what').map(([, where = '']) => where.replaceAll(/[<>`]/g, ''));
    expect(addresses.slice(0, 3)).toEqual([`http://127.0.0.1:${DEFAULT_HTTP_PORT}`, `127.0.0.1:${DEFAULT_OTLP_GRPC_PORT}`, `127.0.0.1:${DEFAULT_OTLP_HTTP_PORT}`]);
  });

  test('of time are the defaults', () => {
    // "24 hours", "an hour", "a day", "ten minutes", and the steps a half, a quarter, a tenth and zero.
    expect({ hot: DEFAULT_HOT_RETENTION_MS, digests: DIGEST_RETENTION_MS, imported: IMPORTED_AFTER_MS, outbox: GIVE_UP_AFTER_MS, update: UPDATE_INTERVAL_MS, steps: BUDGET_STEPS })
      .toEqual({ hot: 6 * HOUR_MS, digests: HOUR_MS, imported: HOUR_MS, outbox: DAY_MS, update: 10 * MINUTE_MS, steps: [0.5, 0.25, 0.1, 0] });
    expect(ARCHITECTURE.text).toContain(`up to ${DEFAULT_GROUP_LIMITS.maxWaitMs} ms (or ${DEFAULT_GROUP_LIMITS.maxRows.toLocaleString('en-US')} rows)`);
  });

  test('of limits are those in force', () => {
    const words = tableOf(OPERATIONS, 'limit').map(([limit = '']) => limit).join('\n');
    const count = (value: number): string => value.toLocaleString('en-US');
    const figures = [
      `request of ${RECEIVER_LIMITS.bodyBytes >> 20} MiB`, `${RECEIVER_LIMITS.bytesInFlight >> 20} MiB of requests`,
      `${count(DECODE_LIMITS.attributesPerItem)} attributes`, `${DECODE_LIMITS.eventsPerSpan} events`, `strings of ${DECODE_LIMITS.stringBytes >> 10} KiB`, `nested ${DECODE_LIMITS.valueDepth} deep`,
      `${count(DECODE_LIMITS.itemsPerRequest)} spans`, `${MAX_OPERATIONS_PER_SERVICE} operations`,
    ];
    expect(figures.filter((figure) => !words.includes(figure))).toEqual([]);
  });
});
