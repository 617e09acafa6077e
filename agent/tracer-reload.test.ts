import { expect, test } from 'vitest';
import { AgentBench } from '../test/support/agent-bench.js';
import { closeFrame, dataFrame, openFrame, postgresMessage, processEventFrame, processFrame } from '../test/support/frames.js';

const AT = { cookie: 1, tgid: 10, tid: 10 };
const CLIENT = { cookie: 2, tgid: 11, tid: 11 };
const REQUEST = 'POST /users/42 HTTP/1.1\r\nHost: shop\r\nX-Tenant: blue\r\nb3: 463ac35c9f6413ad48485a3953bb6124-a2fb4a1d1a96d312-1\r\nContent-Length: 6\r\n\r\ngeheim';
const ANSWER = 'HTTP/1.1 200 OK\r\nX-Tenant: blue\r\nContent-Length: 6\r\n\r\ngeheim';
const OPEN = openFrame({ ...AT, atNs: 1 }, { role: 'server', local: '10.0.0.1:80', remote: '10.0.0.9:5555' });
const ALL = { captureHeaders: ['x-tenant'], captureBodyBytes: 64, b3: true };
const CAPTURED = ['http.request.header.x-tenant', 'http.response.header.x-tenant', 'http.request.body.content', 'http.response.body.content'];

const asked = (index: number): Buffer => dataFrame({ ...AT, atNs: 100 + index }, { direction: 'receive', position: index * REQUEST.length, text: REQUEST });
const answered = (index: number): Buffer => dataFrame({ ...AT, atNs: 150 + index }, { direction: 'send', position: index * ANSWER.length, text: ANSWER });
const capturedOf = (told: Readonly<Record<string, unknown>> | undefined): string[] => CAPTURED.filter((key) => told?.[key] !== undefined);

test('headers and bodies are switched off and on again on a connection that is open, also for what is under way', () => {
  const bench = new AgentBench(ALL).push(OPEN, asked(0), answered(0), asked(1));
  bench.use({}).push(answered(1), asked(2), answered(2));
  const before = bench.spans();
  // The first had ended before.
  expect(before.map(({ told }) => capturedOf(told))).toEqual([CAPTURED, [], []]);
  bench.use(ALL).push(asked(3), answered(3));
  const [after] = bench.spans();
  expect(capturedOf(after?.told)).toEqual(CAPTURED);
  expect(after?.traceId).toBe('463ac35c9f6413ad48485a3953bb6124');
});

const BOUND = postgresMessage('P', 's\0SELECT a FROM x WHERE b = $1\0\0\0') + postgresMessage('B', '\0s\0\0\0\0\x01\0\0\0\x06geheim\0\0') + postgresMessage('E', '\0\0\0\0\0') + postgresMessage('S', '');
const DONE = postgresMessage('1', '') + postgresMessage('2', '') + postgresMessage('C', 'SELECT 1\0') + postgresMessage('Z', 'I');
const SET = '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$6\r\ngeheim\r\n';

test.each([
  ['values of statements', 5432, { captureParameters: true }, BOUND, DONE, 'db.query.parameter.0'],
  ['arguments of Redis', 6379, { sanitizeQueries: false }, SET, '+OK\r\n', 'db.query.text'],
] as const)('%s are switched off on a connection that is open', (_what, port, policy, request, answer, key) => {
  const ask = (index: number): Buffer => dataFrame({ ...CLIENT, atNs: 100 + index }, { direction: 'send', position: index * request.length, text: request });
  const reply = (index: number): Buffer => dataFrame({ ...CLIENT, atNs: 150 + index }, { direction: 'receive', position: index * answer.length, text: answer });
  const bench = new AgentBench(policy).push(openFrame({ ...CLIENT, atNs: 1 }, { role: 'client', local: '10.0.0.1:6666', remote: `10.0.0.2:${port}` }), ask(0), reply(0));
  expect(bench.spans().map(({ told }) => String(told[key]).includes('geheim'))).toEqual([true]);
  bench.push(ask(1));
  bench.use({}).push(reply(1), ask(2), reply(2));
  const spans = bench.spans();
  expect(spans).toHaveLength(2);
  expect(spans.filter(({ told }) => String(told[key]).includes('geheim'))).toEqual([]);
});

const PROGRAM = processFrame({ pid: 10, executable: '/usr/bin/front', comm: 'front' });

test.each([['program', { excludeExecutables: ['/usr/bin/front'] }], ['port', { excludePorts: [80] }]])('a request that is open when its %s is excluded is not told, and not as an error', (_what, excluding) => {
  const bench = new AgentBench().push(PROGRAM, OPEN, asked(0)).use(excluding);
  bench.push(closeFrame({ ...AT, atNs: 900 }));
  expect(bench.spans()).toEqual([]);
  expect(bench.tracer.counters).toMatchObject({ begun: 1, excluded: 1, forgotten: 0, exchanges: 0 });
});

test('what is let in again is told from its next request on', () => {
  const bench = new AgentBench().push(PROGRAM, OPEN, asked(0)).use({ excludeExecutables: ['/usr/bin/front'] }).use({});
  bench.push(asked(2), answered(2));
  expect(bench.spans().map(({ name, isError }) => [name, isError])).toEqual([['POST /users/{id}', false]]);
  expect(bench.tracer.counters).toMatchObject({ excluded: 1, abandonedHole: 0, unknownConnection: 0 });
});

test('a request whose process becomes a program that is excluded is no error either', () => {
  const bench = new AgentBench({ excludeExecutables: ['/usr/bin/quiet'] }).push(PROGRAM, OPEN, asked(0), processEventFrame({ tgid: 10, atNs: 500 }, 'exec'), processFrame({ pid: 10, executable: '/usr/bin/quiet', comm: 'quiet' }));
  bench.push(closeFrame({ ...AT, atNs: 900 }));
  expect(bench.spans()).toEqual([]);
  expect(bench.tracer.counters).toMatchObject({ begun: 1, excluded: 1 });
});

test('a connection that came while its program was excluded is announced anew once it is let in', () => {
  const bench = new AgentBench({ excludeExecutables: ['/usr/bin/front'] }).push(PROGRAM, OPEN, asked(0));
  expect(bench.commands).toEqual(['exclude-pid 10', 'policy 1 announce']);
  expect(bench.tracer.counters).toMatchObject({ excluded: 1, unknownConnection: 0 });
  bench.use({});
  expect(bench.commands.slice(2)).toEqual(['include-pid 10']);
});
