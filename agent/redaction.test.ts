import { expect, test } from 'vitest';
import { AgentBench } from '../test/support/agent-bench.js';
import { dataFrame, openFrame, postgresMessage } from '../test/support/frames.js';
import { loadedFrom } from './config/agent-files.js';
import { readAgentFiles } from './config/fs-agent-files.js';
import { resourceOf } from './resource.js';

test('the rules of ingest hold on the node', async () => {
  const { loaded, problems } = loadedFrom(await readAgentFiles(undefined));
  expect(problems).toEqual([]);
  const redacted = loaded?.redactor.attributes([
    ['http.request.header.authorization', ['Bearer geheim-geheim']], ['url.path', '/reset/anna@example.com'], ['db.query.text', 'SELECT ?'],
    ['http.response.body.content', '{"card":"4111 1111 1111 1111"}'], ['http.response.status_code', 200],
  ], 'shop');
  expect(JSON.stringify(redacted?.attributes)).not.toMatch(/geheim|anna|4111 1111 1111 1111/);
  expect(redacted?.attributes.at(-1)).toEqual(['http.response.status_code', 200]);
  expect(redacted?.attributes[2]).toEqual(['db.query.text', 'SELECT ?']);
  expect(redacted?.count).toBeGreaterThanOrEqual(3);
});

test('a file that is named and not there is an error', async () => {
  const { read, problems } = await readAgentFiles('/nowhere/agent.yaml');
  expect(read).toBeUndefined();
  expect(problems.map(({ code }) => code)).toEqual(['files/unreadable']);
});

const AT = { cookie: 1, tgid: 10, tid: 10 };
const INSERT = postgresMessage('Q', 'INSERT INTO people VALUES (1)\0');
const FAILED = postgresMessage('E', 'SERROR\0C23505\0Mkey (email)=(anna@example.com) is there twice, card 4111 1111 1111 1111\0\0') + postgresMessage('Z', 'I');

test('names of spans and messages of errors hold nothing either that the rules conceal', async () => {
  const { loaded } = loadedFrom(await readAgentFiles(undefined));
  const bench = new AgentBench({ sanitizeQueries: false }, loaded!.redactor).push(
    openFrame({ ...AT, atNs: 1 }, { role: 'server', local: '10.0.0.1:80', remote: '10.0.0.9:5555' }),
    dataFrame({ ...AT, atNs: 2 }, { direction: 'receive', position: 0, text: 'GET /login/password=geheim HTTP/1.1\r\nHost: shop\r\n\r\n' }),
    dataFrame({ ...AT, atNs: 3 }, { direction: 'send', position: 0, text: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' }),
    openFrame({ ...AT, cookie: 2, atNs: 4 }, { role: 'client', local: '10.0.0.1:6666', remote: '10.0.0.2:5432' }),
    dataFrame({ ...AT, cookie: 2, atNs: 5 }, { direction: 'send', position: 0, text: INSERT }),
    dataFrame({ ...AT, cookie: 2, atNs: 6 }, { direction: 'receive', position: 0, text: FAILED }),
  );
  const spans = bench.spans();
  expect(spans.map(({ isError }) => isError)).toEqual([false, true]);
  expect(spans[1]?.statusMessage).toContain('is there twice');
  expect(JSON.stringify(spans, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))).not.toMatch(/geheim|anna|4111 1111 1111 1111/);
});

test('what a process declares about itself is redacted, and nothing of it comes back where a rule drops it', async () => {
  const { loaded } = loadedFrom(await readAgentFiles(undefined));
  const host = { name: 'node-1', id: undefined, arch: 'amd64', agentVersion: '1' };
  const environment = { OTEL_RESOURCE_ATTRIBUTES: 'service.name=shop,deployment.environment.name=prod,owner=anna@example.com,api_key=geheim-geheim,service.version=password%3Dgeheim,team.note=token%3Dgeheim' };
  const facts = { pid: 7, comm: 'node', executable: '/usr/bin/node', environment };
  const { attributes, count } = resourceOf(facts, host, loaded!.redactor);
  expect(Object.fromEntries(attributes)).toMatchObject({ 'service.name': 'shop', 'deployment.environment.name': 'prod', 'host.name': 'node-1', 'process.pid': 7 });
  expect(JSON.stringify(attributes)).not.toMatch(/geheim|anna/);
  expect(count).toBeGreaterThanOrEqual(4);
  const dropped = resourceOf(facts, host, { foreign: (pairs) => ({ attributes: pairs.filter(([key]) => key !== 'service.version'), count: 1 }) });
  expect(Object.fromEntries(dropped.attributes)).not.toHaveProperty('service.version');
});
