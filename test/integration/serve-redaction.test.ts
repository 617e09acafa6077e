import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { JsonLogsSerializer, JsonTraceSerializer, ProtobufLogsSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { afterAll, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/lib/system-clock.js';
import { startSlackStandIn } from '../../src/notify/stand-in/http-slack-stand-in.js';
import { startWebhookStandIn } from '../../src/notify/stand-in/http-webhook-stand-in.js';
import { openStore } from '../../src/pipeline/system-store.js';
import { eventually } from '../support/eventually.js';
import { GrpcSender, LOGS_EXPORT, TRACE_EXPORT } from '../support/otlp-grpc-client.js';
import { JSON_TYPE, PROTOBUF, send } from '../support/otlp-http-client.js';
import { disposeServices, newGround, runTocsin, startServiceProcess, type Addresses, type Ground } from '../support/service-process.js';

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  await disposeServices();
  await Promise.all(closing.map((close) => close()));
});
vi.setConfig({ testTimeout: 90_000 });

const SPANS = 40;
/** Stands in every text beside the secret: where this is, the secret would have been found. */
const CANARY = 'canary';

/** Texts that hold a word nobody may read, each in another way. */
const WAYS: readonly ((word: string) => string)[] = [
  (word) => `${CANARY} mail to ${word}@shop.example`,
  (word) => `${CANARY} login failed: password=${word}`,
  (word) => `${CANARY} cannot reach postgres://app:${word}@db.internal:5432/shop`,
  (word) => `${CANARY} curl -H 'Authorization: Bearer ${word}'`,
  (word) => `/${CANARY}/cb?access_token=${word}&x=1`,
  (word) => `${CANARY} {"client_secret":"${word}","n":1}`,
  (word) => `${CANARY} Cookie: sid=${word}; theme=dark`,
];

/** Gives each place a secret of its own, and remembers all of them. */
class Secrets {
  readonly words: string[] = [];
  readonly #channel: string;

  constructor(channel: string) {
    this.#channel = channel;
  }

  /** The bare word, for attributes that are secret by their name. */
  word(): string {
    const word = `Zq${this.#channel}${String(this.words.length).padStart(3, '0')}tigerLilyPond7`;
    this.words.push(word);
    return word;
  }

  text(): string {
    const way = WAYS[this.words.length % WAYS.length]!;
    return way(this.word());
  }
}

const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0');

function spansWith(secrets: Secrets, channel: number): ReadableSpan[] {
  const text = (): string => secrets.text();
  const nowMs = Date.now();
  const time = [Math.floor(nowMs / 1_000), 0];
  const resource = { attributes: { 'service.name': 'checkout', 'process.command_line': text(), 'deploy.token': secrets.word() }, asyncAttributesPending: false };
  const instrumentationScope = { name: text(), version: text() };
  return Array.from({ length: SPANS }, (_, index) => ({
    name: index === 0 ? text() : 'POST /checkout', kind: 1, resource, instrumentationScope, startTime: time, endTime: time,
    spanContext: () => ({ traceId: hex(channel * 1_000 + index + 1, 32), spanId: hex(channel * 1_000 + index + 1, 16), traceFlags: 1, traceState: { serialize: () => `x=${text()}` } }),
    status: { code: 2, message: text() },
    attributes: {
      'url.full': text(), 'url.query': text(), 'db.query.text': text(), 'http.request.header.authorization': secrets.word(), 'http.request.header.cookie': [secrets.word(), secrets.word()],
      'app.config': { note: text(), password: secrets.word(), list: [{ deep: text() }] }, [`note ${text()}`]: 1, bytes: Buffer.from(text()),
    },
    events: [
      { name: 'exception', time, attributes: { 'exception.type': 'BankError', 'exception.message': text(), 'exception.stacktrace': `BankError: ${text()}\n    at charge (/app/bank.js:1:1)` } },
      { name: text(), time, attributes: {} },
    ],
    links: [{ context: { traceId: hex(1, 32), spanId: hex(1, 16), traceFlags: 1, traceState: { serialize: () => `x=${text()}` } }, attributes: { note: text() } }],
    droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0,
  }) as unknown as ReadableSpan);
}

function logsWith(secrets: Secrets, channel: number): ReadableLogRecord[] {
  const time = [Math.floor(Date.now() / 1_000), 0];
  const bodies = [secrets.text(), JSON.stringify({ user: { password: secrets.word() }, note: secrets.text() }), { password: secrets.word(), note: secrets.text() }];
  return bodies.map((body, index) => ({
    hrTime: time, hrTimeObserved: time, severityNumber: 17, severityText: secrets.text(), body, eventName: secrets.text(),
    spanContext: { traceId: hex(channel * 1_000 + index + 1, 32), spanId: hex(channel * 1_000 + index + 1, 16), traceFlags: 1 },
    attributes: { note: secrets.text(), 'user.password': secrets.word() }, droppedAttributesCount: 0,
    resource: { attributes: { 'service.name': 'checkout', 'process.command_line': secrets.text() }, asyncAttributesPending: false }, instrumentationScope: { name: secrets.text() },
  }) as unknown as ReadableLogRecord);
}

type Channel = (addresses: Addresses, spans: ReadableSpan[], logs: ReadableLogRecord[]) => Promise<readonly number[]>;
const portOf = (url: string): number => Number(new URL(url).port);

const CHANNELS: readonly Channel[] = [
  async ({ otlpGrpc }, spans, logs) => {
    const sender = new GrpcSender(portOf(otlpGrpc));
    const answers = [await sender.send(TRACE_EXPORT, ProtobufTraceSerializer.serializeRequest(spans)!), await sender.send(LOGS_EXPORT, ProtobufLogsSerializer.serializeRequest(logs)!)];
    sender.close();
    return answers.map(({ code }) => (code === 0 ? 200 : code));
  },
  async ({ otlpHttp }, spans, logs) => [
    (await send(portOf(otlpHttp), '/v1/traces', { headers: PROTOBUF, body: ProtobufTraceSerializer.serializeRequest(spans)! })).status,
    (await send(portOf(otlpHttp), '/v1/logs', { headers: PROTOBUF, body: ProtobufLogsSerializer.serializeRequest(logs)! })).status,
  ],
  async ({ otlpHttp }, spans, logs) => [
    (await send(portOf(otlpHttp), '/v1/traces', { headers: JSON_TYPE, body: JsonTraceSerializer.serializeRequest(spans)! })).status,
    (await send(portOf(otlpHttp), '/v1/logs', { headers: JSON_TYPE, body: JsonLogsSerializer.serializeRequest(logs)! })).status,
  ],
];

/** Every page and answer that can be reached from the first ones, as one text. */
async function readEverything(http: string): Promise<string> {
  const open = ['/', '/incidents', '/services', '/services/checkout', '/traces', '/slos/checkout-availability', '/metrics', '/readyz', '/api/v1/incidents', '/api/v1/services', '/api/v1/services/checkout', '/api/v1/slos', '/api/v1/traces', `/api/v1/traces/${hex(1, 32)}`, `/traces/${hex(1, 32)}`, `/traces/${hex(1, 32)}/spans/${hex(1, 16)}`];
  const seen = new Set(open);
  let text = '';
  for (let path = open.shift(); path !== undefined && seen.size < 400; path = open.shift()) {
    const body = await (await fetch(new URL(path, http))).text();
    text += body;
    for (const [, link = ''] of body.matchAll(/href="(\/(?!assets)[^"#]*)"/g)) {
      const next = link.replaceAll('&amp;', '&');
      if (!seen.has(next)) open.push(next);
      seen.add(next);
    }
  }
  return text;
}

function filesOf(directory: string): Buffer {
  return Buffer.concat(readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => readFileSync(join(entry.parentPath, entry.name))));
}

/** Every text of every table: in the file itself texts may be compressed beyond recognition. */
async function tablesOf({ dataDir }: Ground): Promise<string> {
  const store = await openStore({ dataDir, clock: systemClock });
  const tables = (await store.query({ sql: "SELECT table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'" })).map((row) => String(row['table_name']));
  let text = '';
  for (const table of tables) text += JSON.stringify(await store.query({ sql: `SELECT * FROM "${table}"` }), (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  await store.close();
  return text;
}

function found(words: readonly string[], text: string | Buffer): string[] {
  return words.filter((word) => text.includes(word));
}

const ROUTING = (webhook: string): string => `route: { receiver: people, group_by: [incident], group_wait: 0s }
receivers:
  - name: people
    slack_configs: [{ channel: '#alerts', send_resolved: true }]
    webhook_configs: [{ url: '${webhook}', send_resolved: true }]
`;

test('what is secret is nowhere: not in the files, the tables, the pages, the API, the messages or the log', async () => {
  const slack = await startSlackStandIn({ port: 0, token: 'xoxb-test', channels: ['#alerts'] });
  const webhook = await startWebhookStandIn();
  closing.push(() => slack.close(), () => webhook.close());
  const ground = newGround({ 'rules/routing.yaml': ROUTING(webhook.url) });
  const service = startServiceProcess({ ground, env: { TOCSIN_SLACK_TOKEN: 'xoxb-test', TOCSIN_SLACK_API_URL: slack.apiUrl } });
  const addresses = await service.ready;
  const words: string[] = [];
  for (const [channel, deliver] of CHANNELS.entries()) {
    const secrets = new Secrets(String(channel));
    expect(await deliver(addresses, spansWith(secrets, channel), logsWith(secrets, channel)), `channel ${channel}`).toEqual([200, 200]);
    words.push(...secrets.words);
  }
  expect(words.length).toBeGreaterThan(1_000);
  await eventually(() => expect([slack.messages().length, webhook.received().length]).toEqual([1, 1]));

  const shown = await readEverything(addresses.http);
  const sent = JSON.stringify([slack.messages(), webhook.received()]);
  expect([shown.includes(CANARY), sent.includes(CANARY)]).toEqual([true, true]);
  expect(found(words, shown)).toEqual([]);
  expect(found(words, sent)).toEqual([]);
  const metrics = await (await fetch(`${addresses.http}/metrics`)).text();
  for (const rule of ['credential-headers', 'secret-attributes', 'credentials-in-text', 'email-addresses']) {
    expect(Number(new RegExp(`^tocsin_redactions_total\\{policy="defaults",rule="${rule}",mode="mask"\\} (\\d+)$`, 'm').exec(metrics)?.[1]), rule).toBeGreaterThan(10);
  }
  expect(metrics).toContain('tocsin_redactions_total{policy="defaults",rule="card-and-bank-numbers",mode="mask"} 0');

  // Killed, it leaves its log of changes as it was written.
  const { stderr } = await service.kill();
  expect(found(words, stderr)).toEqual([]);
  const files = filesOf(ground.dataDir);
  expect(files.includes(CANARY)).toBe(true);
  expect(found(words, files)).toEqual([]);
  const tables = await tablesOf(ground);
  expect(tables.split(CANARY).length).toBeGreaterThan(1_000);
  expect(found(words, tables)).toEqual([]);
  expect(found(words, filesOf(ground.dataDir))).toEqual([]);
});

test('imported files are redacted alike, and by own rules with a key', async () => {
  const ground = newGround({ 'rules/own.yaml': 'apiVersion: tocsin.dev/v1\nkind: Redaction\nmetadata: { name: own }\nspec:\n  rules:\n    - { name: queries, attributes: { names: [db.query.text] }, mode: drop }\n    - { name: mail, detect: [email], mode: hash }\n' });
  const secrets = new Secrets('i');
  const file = ground.write('spans.json', Buffer.from(JsonTraceSerializer.serializeRequest(spansWith(secrets, 0))!));
  const withoutKey = await runTocsin(['import', file], { ground });
  expect([withoutKey.code, withoutKey.stderr]).toEqual([2, expect.stringMatching(/own\.yaml:7:15: error rules\/no-hash-key .*TOCSIN_REDACTION_KEY_FILE/)]);

  const key = ground.write('redaction.key', 'a key that is long enough\n');
  const { code, stderr } = await runTocsin(['import', file], { ground, env: { TOCSIN_REDACTION_KEY_FILE: key } });
  expect([code, stderr]).toEqual([0, '']);
  const tables = await tablesOf(ground);
  expect(found(secrets.words, tables)).toEqual([]);
  expect(tables).toMatch(/mail to hmac:[0-9a-f]{16}/);
  expect(tables).not.toContain('db.query.text');
});
