import { expect, test } from 'vitest';
import { AgentBench, DEFAULT_POLICY, NOTHING_TO_HIDE } from '../test/support/agent-bench.js';
import { closeFrame, dataFrame, openFrame, postgresMessage, processEventFrame, processFrame, textFrame } from '../test/support/frames.js';
import type { ToldSpan } from '../test/support/told-spans.js';
import { BrokenStream, LAYOUT } from './frames.js';

const REQUEST = 'GET /users/42?token=geheim HTTP/1.1\r\nHost: shop\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const TRACE = '0af7651916cd43dd8448eb211c80319c';

const FRONT = { cookie: 1, tgid: 10, tid: 10 };
const BACK = { cookie: 2, tgid: 10, tid: 10 };
const AT_BACK = { cookie: 3, tgid: 20, tid: 20 };

/** One request to `front`, which asks `back` while it answers; every end of every connection is on this machine. */
function twoServices({ header = '', backHeader = header, tid = 10 }: { readonly header?: string; readonly backHeader?: string; readonly tid?: number } = {}): Buffer[] {
  return [
    processFrame({ pid: 10, executable: '/usr/bin/front', comm: 'front' }), processFrame({ pid: 20, executable: '/usr/bin/back', comm: 'back' }),
    openFrame({ ...FRONT, atNs: 100 }, { role: 'server', local: '10.0.0.1:80', remote: '10.0.0.9:5555' }),
    dataFrame({ ...FRONT, atNs: 1_000 }, { direction: 'receive', position: 0, text: `${REQUEST}${header}\r\n`, sequence: 7 }),
    openFrame({ ...BACK, tid, atNs: 1_500 }, { role: 'client', local: '10.0.0.1:6666', remote: '10.0.0.2:81' }),
    // The server hears it before the client's call returns.
    openFrame({ ...AT_BACK, atNs: 1_600 }, { role: 'server', local: '10.0.0.2:81', remote: '10.0.0.1:6666' }),
    dataFrame({ ...AT_BACK, atNs: 2_100 }, { direction: 'receive', position: 0, text: `${REQUEST}${backHeader}\r\n`, sequence: 99 }),
    dataFrame({ ...BACK, tid, atNs: 2_000 }, { direction: 'send', position: 0, text: `${REQUEST}${backHeader}\r\n`, sequence: 99 }),
    dataFrame({ ...AT_BACK, atNs: 3_000 }, { direction: 'send', position: 0, text: OK }),
    dataFrame({ ...BACK, tid, atNs: 3_100 }, { direction: 'receive', position: 0, text: OK }),
    dataFrame({ ...FRONT, atNs: 4_000 }, { direction: 'send', position: 0, text: OK }),
  ];
}

const lineage = (spans: readonly ToldSpan[]): string[] => spans.map(({ kind, parentSpanId }) => `${kind} in ${spans.find(({ spanId }) => spanId === parentSpanId)?.kind ?? (parentSpanId === '' ? 'nothing' : 'a span from elsewhere')}`);

test('a request through two services is one trace', () => {
  const spans = new AgentBench().push(...twoServices()).spans();
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  expect(lineage(spans)).toEqual(['server in client', 'client in server', 'server in nothing']);
  expect(spans.map(({ service, told }) => [service, told['tocsin.parent.basis']])).toEqual([['back', 'connection'], ['front', 'thread'], ['front', undefined]]);
  expect(spans[2]).toMatchObject({ name: 'GET /users/{id}', startNs: 1_000_001_000n, durationNs: 3_000, isError: false });
});

test('no query, no header and no body is told unless it is asked for', () => {
  const spans = new AgentBench().push(...twoServices({ header: 'Authorization: Bearer geheim\r\n' })).spans();
  expect(spans).toHaveLength(3);
  expect(JSON.stringify(spans, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))).not.toContain('geheim');
  const asked = new AgentBench({ captureHeaders: ['X-Tenant'], captureBodyBytes: 1 }).push(...twoServices({ header: 'x-tenant: blue\r\n' })).spans();
  expect(asked[0]?.told).toMatchObject({ 'http.request.header.x-tenant': ['blue'], 'http.response.body.content': 'h' });
});

/** One end of a TLS connection, from port 6666 to port 443, and the beginning of a request in it. */
function tlsEnd(end: { readonly cookie: number; readonly tgid: number; readonly role: 'client' | 'server'; readonly firstSequence: number; readonly atNs: number }): Buffer[] {
  const [local, remote] = end.role === 'client' ? ['10.0.0.1:6666', '10.0.0.2:443'] : ['10.0.0.2:443', '10.0.0.1:6666'];
  return [openFrame(end, { ...end, local, remote, protocol: 5 }), dataFrame({ ...end, atNs: end.atNs + 1 }, { direction: end.role === 'client' ? 'send' : 'receive', position: 0, text: `${REQUEST}\r\n`, flags: 1 })];
}
const tlsAnswer = (cookie: number, direction: 'send' | 'receive', atNs: number): Buffer => dataFrame({ cookie, tgid: cookie, atNs }, { direction, position: 0, text: OK, flags: 1 });

test('plaintext of TLS is joined to the other end of its own connection, not to one between the same ports', () => {
  const spans = new AgentBench().push(
    ...tlsEnd({ cookie: 1, tgid: 1, role: 'client', firstSequence: 77, atNs: 10 }), ...tlsEnd({ cookie: 2, tgid: 2, role: 'client', firstSequence: 4_000_000_000, atNs: 20 }),
    ...tlsEnd({ cookie: 3, tgid: 3, role: 'server', firstSequence: 77, atNs: 30 }), ...tlsEnd({ cookie: 4, tgid: 4, role: 'server', firstSequence: 5, atNs: 40 }),
    tlsAnswer(3, 'send', 50), tlsAnswer(4, 'send', 51), tlsAnswer(1, 'receive', 52), tlsAnswer(2, 'receive', 53),
  ).spans();
  const [first, second, joined, alone] = [1, 2, 3, 4].map((pid) => spans.find(({ resource }) => resource.some(([key, value]) => key === 'process.pid' && Number(value) === pid)));
  expect(joined).toMatchObject({ parentSpanId: first?.spanId, told: { 'tocsin.parent.basis': 'connection' } });
  expect([first, second, alone].map((span) => span?.parentSpanId)).toEqual(['', '', '']);
});

test('a request that had its answer before the other end heard anything is another one', () => {
  // The server's plaintext was seen one request later, so that its places are others.
  const late = REQUEST.length + 2;
  const spans = new AgentBench().push(
    ...tlsEnd({ cookie: 1, tgid: 1, role: 'client', firstSequence: 77, atNs: 10 }), tlsAnswer(1, 'receive', 20),
    ...tlsEnd({ cookie: 3, tgid: 3, role: 'server', firstSequence: 77, atNs: 30 }), dataFrame({ cookie: 1, tgid: 1, atNs: 29 }, { direction: 'send', position: late, text: `${REQUEST}\r\n`, flags: 1 }),
    tlsAnswer(3, 'send', 40), dataFrame({ cookie: 1, tgid: 1, atNs: 41 }, { direction: 'receive', position: OK.length, text: OK, flags: 1 }),
  ).spans();
  expect(spans.map(({ kind, parentSpanId }) => [kind, parentSpanId]).sort()).toEqual([['client', ''], ['client', ''], ['server', '']]);
});

test.each([['the beginning', 'nothing', {}], ['a request', 'server', { tid: 10 }]])('a request whose call was told before its other end was heard has no parent in another trace: that end is %s', (_what, above, at) => {
  const frames = twoServices(at);
  const call = { cookie: 9, tgid: 20, tid: 20 };
  const bench = new AgentBench().push(
    // front's request is heard only where the end that is heard late belongs to it.
    ...(above === 'server' ? frames.slice(0, 4) : frames.slice(0, 2)), frames[5]!, frames[6]!,
    openFrame({ ...call, atNs: 2_200 }, { role: 'client', local: '10.0.0.2:7777', remote: '10.0.0.3:82' }),
    dataFrame({ ...call, atNs: 2_300 }, { direction: 'send', position: 0, text: `${REQUEST}\r\n`, sequence: 500 }), dataFrame({ ...call, atNs: 2_400 }, { direction: 'receive', position: 0, text: OK }),
  );
  const told = [...bench.spans(), ...bench.push(frames[4]!, frames[7]!, frames[8]!, frames[9]!, ...(above === 'server' ? [frames[10]!] : [])).spans()];
  const inner = told[0]!;
  const back = told.find(({ kind, service }) => kind === 'server' && service === 'back')!;
  const late = told.find(({ kind, service }) => kind === 'client' && service === 'front')!;
  expect(inner).toMatchObject({ parentSpanId: back.spanId, traceId: back.traceId });
  for (const { parentSpanId, traceId } of told) for (const parent of told) if (parent.spanId === parentSpanId) expect(parent.traceId).toBe(traceId);
  expect(back.parentSpanId).toBe(above === 'server' ? '' : late.spanId);
});

test('a context in the headers wins, and what only passes it on stays in between', () => {
  const spans = new AgentBench().push(...twoServices({ header: `traceparent: 00-${TRACE}-b7ad6b7169203331-01\r\n` })).spans();
  expect(spans.every(({ traceId }) => traceId === TRACE)).toBe(true);
  expect(lineage(spans)).toEqual(['server in client', 'client in server', 'server in a span from elsewhere']);
  expect(spans.at(-1)?.parentSpanId).toBe('b7ad6b7169203331');
});

test('what an SDK tells is not told twice', () => {
  // front sends a context that it was not given: it has an SDK.
  const bench = new AgentBench().push(...twoServices({ backHeader: `traceparent: 00-${TRACE}-00f067aa0ba902b7-01\r\n` }));
  const spans = bench.spans();
  expect(spans.map(({ service }) => service)).toEqual(['back']);
  expect(spans[0]).toMatchObject({ traceId: TRACE, parentSpanId: '00f067aa0ba902b7' });
  expect(bench.tracer.counters.instrumented).toBe(1);
});

test('what an SDK tells is told by the agent too where that is wanted, in the trace of the SDK', () => {
  const bench = new AgentBench({ tracesInstrumented: true }).push(...twoServices({ backHeader: `traceparent: 00-${TRACE}-00f067aa0ba902b7-01\r\n` }));
  const spans = bench.spans();
  expect(spans.map(({ kind, service }) => `${kind} ${service}`)).toEqual(['server back', 'client front', 'server front']);
  const [back, client, front] = spans;
  expect(client).toMatchObject({ traceId: TRACE, parentSpanId: '00f067aa0ba902b7', told: { 'tocsin.parent.basis': 'header' } });
  expect(back).toMatchObject({ traceId: TRACE, parentSpanId: client?.spanId, told: { 'tocsin.parent.basis': 'connection' } });
  expect(front?.traceId).not.toBe(TRACE);
  expect(bench.tracer.counters).toMatchObject({ instrumented: 0, excluded: 0 });
});

const PROXY = { cookie: 5, tgid: 30, tid: 30 };
const CONTEXT = `traceparent: 00-${TRACE}-00f067aa0ba902b7-01\r\n`;
const proxied = (cookie: number, header: string): Buffer[] => {
  const call = { ...PROXY, cookie, atNs: cookie * 1_000 };
  return [
    openFrame(call, { role: 'client', local: `10.0.0.3:${7_000 + cookie}`, remote: '10.0.0.1:80' }), dataFrame(call, { direction: 'send', position: 0, text: `${REQUEST}${header}\r\n` }),
    dataFrame({ ...call, atNs: call.atNs + 1 }, { direction: 'receive', position: 0, text: OK }),
  ];
};
const asked = (cookie: number, header: string): Buffer[] => [
  openFrame({ ...PROXY, cookie, atNs: 1 }, { role: 'server', local: '10.0.0.3:80', remote: `10.0.0.9:${5_000 + cookie}` }),
  dataFrame({ ...PROXY, cookie, atNs: 2 }, { direction: 'receive', position: 0, text: `${REQUEST}${header}\r\n` }),
];
const answeredOn = (cookie: number): Buffer => dataFrame({ ...PROXY, cookie, atNs: 900_000 }, { direction: 'send', position: 0, text: OK });

test.each([['HTTP/2', 2], ['TLS that cannot be read', 5]])('a context that came with a request of %s was passed on, and is above the call', (_what, protocol) => {
  const bench = new AgentBench().push(openFrame({ ...PROXY, atNs: 1 }, { role: 'server', local: '10.0.0.3:443', remote: '10.0.0.9:5555', protocol }), ...proxied(6, CONTEXT), ...asked(8, ''), ...proxied(9, ''), answeredOn(8));
  const [passedOn, own, above] = bench.spans();
  expect(passedOn).toMatchObject({ kind: 'client', traceId: TRACE, parentSpanId: '00f067aa0ba902b7', told: { 'tocsin.parent.basis': 'header' } });
  expect([own?.kind, above?.kind, bench.tracer.counters.instrumented]).toEqual(['client', 'server', 0]);
});

test('a program that seemed to have an SDK and passes contexts on has none: the request that brought the first one was not seen', () => {
  const bench = new AgentBench().push(...proxied(6, CONTEXT), ...asked(7, CONTEXT), ...proxied(8, CONTEXT), answeredOn(7));
  expect(bench.spans().map(({ kind, traceId }) => [kind, traceId])).toEqual([['client', TRACE], ['server', TRACE]]);
  // Nor is another one that it was not seen to be given a sign any more.
  expect(bench.push(...proxied(9, CONTEXT)).spans().map(({ kind, parentSpanId }) => [kind, parentSpanId])).toEqual([['client', '00f067aa0ba902b7']]);
});

test('a program that seemed to have an SDK and calls others without a context has none', () => {
  const bench = new AgentBench().push(...proxied(6, CONTEXT), ...proxied(7, ''), ...proxied(8, ''));
  expect(bench.spans()).toEqual([]);
  expect(bench.push(...proxied(9, ''), ...proxied(10, '')).spans().map(({ kind }) => kind)).toEqual(['client', 'client']);
});

test('with several open requests nothing is claimed: they become links', () => {
  const other = { cookie: 9, tgid: 10, tid: 10 };
  const spansBeside = (bench: AgentBench, request: string): ToldSpan[] => bench.push(
    openFrame({ ...other, atNs: 50 }, { role: 'server', local: '10.0.0.1:80', remote: '10.0.0.9:7777' }),
    dataFrame({ ...other, atNs: 60 }, { direction: 'receive', position: 0, text: `${request}\r\n` }),
    ...twoServices(),
  ).spans();
  const spans = spansBeside(new AgentBench(), REQUEST);
  const client = spans.find(({ kind }) => kind === 'client');
  expect(client).toMatchObject({ parentSpanId: '' });
  expect(client?.links.map(({ attributes }) => Object.fromEntries(attributes))).toEqual([{ 'tocsin.link.basis': 'guess', 'tocsin.link.weight': 0.5 }, { 'tocsin.link.basis': 'guess', 'tocsin.link.weight': 0.5 }]);
  // Of a health check there is no span to link to.
  const beside = spansBeside(new AgentBench({ excludePaths: ['/healthz'] }), REQUEST.replace(/\/\S*/, '/healthz'));
  expect(beside.find(({ kind }) => kind === 'client')?.links.map(({ spanId }) => spanId)).toEqual([beside.find(({ kind, service }) => kind === 'server' && service === 'front')?.spanId]);
});

test('where one thread reads a request and another one answers it a thread proves nothing while several requests are open', () => {
  const request = (cookie: number, tid: number, atNs: number): Buffer[] => [
    openFrame({ cookie, tgid: 10, tid, atNs }, { role: 'server', local: '10.0.0.1:80', remote: `10.0.0.9:${5_000 + cookie}` }), dataFrame({ cookie, tgid: 10, tid, atNs }, { direction: 'receive', position: 0, text: `${REQUEST}\r\n` }),
  ];
  const answer = (cookie: number, tid: number, atNs: number): Buffer => dataFrame({ cookie, tgid: 10, tid, atNs }, { direction: 'send', position: 0, text: OK });
  const call = (cookie: number, tid: number, atNs: number): Buffer[] => [
    openFrame({ cookie, tgid: 10, tid, atNs }, { role: 'client', local: `10.0.0.1:${6_000 + cookie}`, remote: '10.0.0.2:81' }), dataFrame({ cookie, tgid: 10, tid, atNs }, { direction: 'send', position: 0, text: `${REQUEST}\r\n` }),
    dataFrame({ cookie, tgid: 10, tid, atNs: atNs + 1 }, { direction: 'receive', position: 0, text: OK }),
  ];
  const calls = (answeredBy: number): (string | undefined)[] => new AgentBench()
    .push(...request(1, 10, 10), answer(1, answeredBy, 20), ...request(2, 10, 30), ...call(3, 10, 40), ...request(4, 11, 50), ...call(5, 10, 60), answer(2, 10, 70), answer(4, 11, 80))
    .spans().filter(({ kind }) => kind === 'client').map(({ told, links }) => (links.length > 0 ? `${links.length} links` : String(told['tocsin.parent.basis'])));
  expect(calls(10)).toEqual(['thread', 'thread']);
  expect(calls(12)).toEqual(['thread', '2 links']);
});

test('excluded paths and ports, and telemetry itself, are not told, nor what they cause', () => {
  expect(new AgentBench({ excludePaths: ['/users/*'] }).push(...twoServices()).spans()).toEqual([]);
  const bench = new AgentBench({ excludePorts: [81] }).push(...twoServices());
  expect(bench.spans().map(({ kind, service }) => `${kind} ${service}`)).toEqual(['server front']);
  expect(bench.commands).toEqual(['policy 2 announce', 'policy 3 announce']);
});

/** A request that asks a database twice. */
function requestWithQueries(header: string): Buffer[] {
  const query = postgresMessage('Q', 'SELECT a FROM x\0');
  const answer = postgresMessage('C', 'SELECT 1\0') + postgresMessage('Z', 'I');
  return [
    openFrame({ ...FRONT, atNs: 1 }, { role: 'server', local: '10.0.0.1:80', remote: '10.0.0.9:5555' }), dataFrame({ ...FRONT, atNs: 2 }, { direction: 'receive', position: 0, text: `${REQUEST}${header}\r\n` }),
    openFrame({ ...BACK, atNs: 3 }, { role: 'client', local: '10.0.0.1:6666', remote: '10.0.0.2:5432' }),
    dataFrame({ ...BACK, atNs: 4 }, { direction: 'send', position: 0, text: query }), dataFrame({ ...BACK, atNs: 5 }, { direction: 'receive', position: 0, text: answer }),
    dataFrame({ ...BACK, atNs: 6 }, { direction: 'send', position: query.length, text: query }), dataFrame({ ...BACK, atNs: 7 }, { direction: 'receive', position: answer.length, text: answer }),
    dataFrame({ ...FRONT, atNs: 8 }, { direction: 'send', position: 0, text: OK }),
  ];
}

test('where a protocol is switched off the calls of one request are told all the same, in one trace, under what is above it', () => {
  const alone = new AgentBench({ http: false }).push(...requestWithQueries('')).spans();
  expect(alone.map(({ name, parentSpanId, told }) => [name, parentSpanId, told['tocsin.parent.basis']])).toEqual([['SELECT x', '', undefined], ['SELECT x', '', undefined]]);
  expect(new Set(alone.map(({ traceId }) => traceId)).size).toBe(1);
  const within = new AgentBench({ http: false }).push(...requestWithQueries(`traceparent: 00-${TRACE}-b7ad6b7169203331-01\r\n`)).spans();
  expect(within.map(({ traceId, parentSpanId, told }) => [traceId, parentSpanId, told['tocsin.parent.basis']])).toEqual([[TRACE, 'b7ad6b7169203331', 'thread'], [TRACE, 'b7ad6b7169203331', 'thread']]);
  expect(new AgentBench({ excludePaths: ['/users/*'] }).push(...requestWithQueries('')).spans()).toEqual([]);
});

test('a program that is excluded costs nothing, and its process number is free again when it ends', () => {
  const bench = new AgentBench({ excludeExecutables: ['/usr/bin/fr*'] }).push(...twoServices());
  expect(bench.spans().map(({ kind, service }) => `${kind} ${service}`)).toEqual(['server back']);
  expect(bench.commands).toEqual(['exclude-pid 10', 'policy 1 announce', 'policy 2 announce']);
  bench.tracer.usePolicy({ ...DEFAULT_POLICY, excludeExecutables: ['/usr/bin/front', '/usr/bin/back'] });
  expect(bench.commands.slice(3)).toEqual(['exclude-pid 20']);
  bench.push(processEventFrame({ tgid: 10, atNs: 900 }, 'exit'), processEventFrame({ tgid: 20, atNs: 901 }, 'exec'), processFrame({ pid: 20, executable: '/usr/bin/other', comm: 'other' }));
  expect(bench.commands.slice(4)).toEqual(['include-pid 10', 'include-pid 20']);
});

test('lost frames are a hole, frames that come twice are ignored', () => {
  const open = openFrame({ ...FRONT, atNs: 1 }, { role: 'server', local: '10.0.0.1:80', remote: '10.0.0.9:5555' });
  const request = (position: number, atNs: number): Buffer => dataFrame({ ...FRONT, atNs }, { direction: 'receive', position, text: `${REQUEST}\r\n` });
  const answer = (position: number, atNs: number): Buffer => dataFrame({ ...FRONT, atNs }, { direction: 'send', position, text: OK });
  const length = REQUEST.length + 2;
  const bench = new AgentBench().push(open, request(0, 2), request(0, 2), answer(0, 3), answer(2 * OK.length, 5), request(2 * length, 6), answer(3 * OK.length, 7));
  expect(bench.spans().map(({ startNs }) => startNs)).toEqual([1_000_000_002n, 1_000_000_006n]);
});

/** One request, heard at both of its ends. */
const ASKS = { cookie: 2, tgid: 10, tid: 10 };
const ANSWERS = { cookie: 3, tgid: 20, tid: 20 };
const asks = [
  openFrame({ ...ASKS, atNs: 10 }, { role: 'client', local: '10.0.0.1:6666', remote: '10.0.0.2:81' }),
  dataFrame({ ...ASKS, atNs: 20 }, { direction: 'send', position: 0, text: `${REQUEST}\r\n`, sequence: 99 }),
];
const answers = [
  openFrame({ ...ANSWERS, atNs: 11 }, { role: 'server', local: '10.0.0.2:81', remote: '10.0.0.1:6666' }),
  dataFrame({ ...ANSWERS, atNs: 21 }, { direction: 'receive', position: 0, text: `${REQUEST}\r\n`, sequence: 99 }),
  dataFrame({ ...ANSWERS, atNs: 30 }, { direction: 'send', position: 0, text: OK }),
];
const answered = dataFrame({ ...ASKS, atNs: 31 }, { direction: 'receive', position: 0, text: OK });

test('a request that is known at both ends is told at once', () => {
  const spans = new AgentBench().push(...asks, ...answers, answered).spansAtOnce();
  expect(lineage(spans)).toEqual(['server in client', 'client in nothing']);
});

test('a server waits a moment for its client to be heard, and is told without one after that', () => {
  const late = new AgentBench().push(...answers);
  expect(late.spansAtOnce()).toEqual([]);
  late.push(...asks, answered);
  expect(lineage(late.spans())).toEqual(['client in nothing', 'server in client']);
  expect(lineage(new AgentBench().push(...answers).spans())).toEqual(['server in nothing']);
});

test('what was asked on behalf of a server that waits for its client waits as well', () => {
  const frames = twoServices();
  const bench = new AgentBench().push(...frames.slice(0, -1));
  // The client of the front is heard only now, where the front has not answered yet.
  expect(bench.spansAtOnce()).toEqual([]);
  bench.push(
    openFrame({ cookie: 9, tgid: 30, tid: 30, atNs: 101 }, { role: 'client', local: '10.0.0.9:5555', remote: '10.0.0.1:80' }),
    dataFrame({ cookie: 9, tgid: 30, tid: 30, atNs: 990 }, { direction: 'send', position: 0, text: `${REQUEST}\r\n`, sequence: 7 }),
    frames.at(-1)!,
    dataFrame({ cookie: 9, tgid: 30, tid: 30, atNs: 4_100 }, { direction: 'receive', position: 0, text: OK }),
  );
  const spans = bench.spans();
  expect(lineage(spans)).toEqual(['server in client', 'client in server', 'client in nothing', 'server in client']);
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
});

test('a request belongs to the process that read it, not to the one that its connection was first seen with', () => {
  const child = { ...FRONT, tgid: 11, tid: 11 };
  const length = REQUEST.length + 2;
  const spans = new AgentBench().push(
    processFrame({ pid: 10, executable: '/usr/bin/front', comm: 'front' }), processFrame({ pid: 11, executable: '/usr/bin/worker', comm: 'worker' }),
    openFrame({ ...FRONT, atNs: 1 }, { role: 'server', local: '10.0.0.1:80', remote: '10.0.0.9:5555' }),
    dataFrame({ ...FRONT, atNs: 2 }, { direction: 'receive', position: 0, text: `${REQUEST}\r\n` }), dataFrame({ ...FRONT, atNs: 3 }, { direction: 'send', position: 0, text: OK }),
    dataFrame({ ...child, atNs: 4 }, { direction: 'receive', position: length, text: `${REQUEST}\r\n` }), dataFrame({ ...child, atNs: 5 }, { direction: 'send', position: OK.length, text: OK }),
  ).spans();
  expect(spans.map(({ service }) => service)).toEqual(['front', 'worker']);
});

test('frames may arrive in any pieces, and what is no frame is refused', () => {
  const bytes = Buffer.concat(twoServices());
  const bench = new AgentBench();
  for (let at = 0; at < bytes.length; at += 7) bench.push(bytes.subarray(at, at + 7));
  expect(bench.spans()).toHaveLength(3);
  expect(() => new AgentBench().push(Buffer.alloc(40))).toThrow(BrokenStream);
});

test('a loader of another version is refused: its frames may mean something else', () => {
  const hello = (json: unknown): (() => AgentBench) => () => new AgentBench().push(textFrame(LAYOUT.constants.FRAME_HELLO, json));
  expect(hello({ protocol: LAYOUT.protocol, loader: '0.1.0' })).not.toThrow();
  expect(hello({ protocol: 1, loader: '0.1.0' })).toThrow('it speaks version 1 of the protocol, this agent version 2: build both anew (`npm run build:agent`)');
  expect(hello({})).toThrow(BrokenStream);
});

test('older names are an option', () => {
  const [span] = new AgentBench({ conventions: 'older' }).push(...twoServices()).spans();
  expect(span?.told).toMatchObject({ 'http.method': 'GET', 'http.status_code': 200 });
  expect(span?.told).not.toHaveProperty('http.request.method');
});

test('of many hosts that a program calls only so many paths are remembered', () => {
  const read: string[] = [];
  const bench = new AgentBench({}, { ...NOTHING_TO_HIDE, attributes: (attributes) => { read.push(...attributes.filter(([key]) => key === 'url.full').map(([, value]) => String(value))); return { attributes, count: 0 }; } });
  const ask = (host: number, path: number): void => {
    const at = { cookie: 1 + host * 1_000 + path, tgid: 10, tid: 10 };
    bench.push(
      openFrame({ ...at, atNs: 1 }, { role: 'client', local: '10.0.0.1:6666', remote: '10.0.0.2:80' }),
      dataFrame({ ...at, atNs: 2 }, { direction: 'send', position: 0, text: `GET /${path} HTTP/1.1\r\nHost: h${host}\r\n\r\n` }), dataFrame({ ...at, atNs: 3 }, { direction: 'receive', position: 0, text: OK }), closeFrame({ ...at, atNs: 4 }),
    );
  };
  const readAgain = (): number => {
    bench.spans();
    return read.filter((url) => url === 'http://h0:80/0').length;
  };
  ask(0, 0);
  ask(0, 0);
  expect(readAgain()).toBe(1);
  // Reading the spans costs most: thousands at once.
  for (let host = 1; host <= 42; host += 1) for (let path = 0; path < 100; path += 1) ask(host, path);
  ask(0, 0);
  expect(readAgain()).toBe(2);
});
