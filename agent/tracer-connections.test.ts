import { expect, test } from 'vitest';
import { AgentBench } from '../test/support/agent-bench.js';
import { clockFrame, closeFrame, dataFrame, openFrame } from '../test/support/frames.js';

const REQUEST = 'GET /users/42 HTTP/1.1\r\nHost: shop\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const BACK = { cookie: 2, tgid: 10, tid: 10 };

test('a connection that goes away without an answer is an error', () => {
  const spans = new AgentBench().push(
    openFrame({ ...BACK, atNs: 1 }, { role: 'client', local: '10.0.0.1:6666', remote: '10.0.0.2:81' }),
    dataFrame({ ...BACK, atNs: 2 }, { direction: 'send', position: 0, text: `${REQUEST}\r\n` }),
    closeFrame({ ...BACK, atNs: 9 }, 104),
  ).spans();
  expect(spans.map(({ isError, told }) => [isError, told['error.type']])).toEqual([[true, 'connection_reset']]);
});

/** A server whose connection ends before it has answered. */
const unanswered = (error: number, isByPeer: boolean): Buffer[] => [
  openFrame({ ...BACK, atNs: 1 }, { role: 'server', local: '10.0.0.1:80', remote: '10.0.0.9:5555' }),
  dataFrame({ ...BACK, atNs: 2 }, { direction: 'receive', position: 0, text: `${REQUEST}\r\n` }),
  closeFrame({ ...BACK, atNs: 9 }, error, isByPeer),
];

test.each([
  ['a client that went away is no error of the server', 0, true, [false, undefined, true]],
  ['nor is one that reset its connection', 104, true, [false, undefined, true]],
  ['a server that goes away itself is one', 0, false, [true, 'connection_closed', undefined]],
])('%s', (_what, error, isByPeer, wanted) => {
  const [span] = new AgentBench().push(...unanswered(error, isByPeer)).spans();
  expect([span?.isError, span?.told['error.type'], span?.told['tocsin.client.gone']]).toEqual(wanted);
});

test.each([['GET', 'key', ['connection_reset']], ['SUBSCRIBE', 'news', []]])('a %s of Redis that its connection takes with it', (command, argument, errors) => {
  const spans = new AgentBench().push(
    openFrame({ ...BACK, atNs: 1 }, { role: 'client', local: '10.0.0.1:6666', remote: '10.0.0.2:6379' }),
    dataFrame({ ...BACK, atNs: 2 }, { direction: 'send', position: 0, text: `*2\r\n$${String(command.length)}\r\n${command}\r\n$${String(argument.length)}\r\n${argument}\r\n` }),
    closeFrame({ ...BACK, atNs: 9 }, 104),
  ).spans();
  expect(spans.map(({ told }) => told['error.type'])).toEqual(errors);
});

const MINUTE_NS = 60e9;
const PREPARE = 'P\0\0\0\x20s1\0SELECT customer FROM x\0\0\0S\0\0\0\x04';
const EXECUTE = 'B\0\0\0\x0e\0s1\0\0\0\0\0\0\0E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04';
const PREPARED = '1\0\0\0\x04Z\0\0\0\x05I';
const EXECUTED = '2\0\0\0\x04C\0\0\0\x0dSELECT 1\0Z\0\0\0\x05I';

test('a connection that rests for hours is known afterwards, with what was prepared on it', () => {
  const atNs = 300 * MINUTE_NS;
  const bench = new AgentBench().push(
    openFrame({ ...BACK, atNs: 1 }, { role: 'client', local: '10.0.0.1:6666', remote: '10.0.0.2:5432' }),
    dataFrame({ ...BACK, atNs: 2 }, { direction: 'send', position: 0, text: PREPARE }), dataFrame({ ...BACK, atNs: 3 }, { direction: 'receive', position: 0, text: PREPARED }),
    clockFrame(atNs, 1_000_000_000),
  );
  bench.tracer.tidy();
  bench.push(
    dataFrame({ ...BACK, atNs: atNs + 1 }, { direction: 'send', position: PREPARE.length, text: EXECUTE }),
    dataFrame({ ...BACK, atNs: atNs + 2 }, { direction: 'receive', position: PREPARED.length, text: EXECUTED }),
  );
  expect(bench.tracer.counters.unknownConnection).toBe(0);
  expect(bench.spans().map(({ name }) => name)).toEqual(['SELECT x']);
});

test('a connection that was announced and has said nothing yet is not forgotten', () => {
  const atNs = 300 * MINUTE_NS;
  const bench = new AgentBench().push(clockFrame(atNs, 1_000_000_000), openFrame({ ...BACK, atNs }, { role: 'client', local: '10.0.0.1:6666', remote: '10.0.0.2:443', protocol: 5 }));
  bench.tracer.tidy();
  bench.push(
    dataFrame({ ...BACK, atNs: atNs + 1 }, { direction: 'send', position: 0, text: `${REQUEST}\r\n`, flags: 1 }),
    dataFrame({ ...BACK, atNs: atNs + 2 }, { direction: 'receive', position: 0, text: OK, flags: 1 }),
  );
  expect(bench.spans().map(({ name }) => name)).toEqual(['GET /users/{id}']);
});

test('a connection whose announcement was lost is asked for once, and told from its next request on', () => {
  const data = (position: number, atNs: number): Buffer => dataFrame({ ...BACK, atNs }, { direction: 'send', position, text: `${REQUEST}\r\n` });
  const length = REQUEST.length + 2;
  const bench = new AgentBench().push(data(0, 2), dataFrame({ ...BACK, atNs: 3 }, { direction: 'receive', position: 0, text: OK }));
  expect(bench.commands).toEqual(['policy 2 announce']);
  expect(bench.tracer.counters.unknownConnection).toBe(2);
  bench.push(openFrame({ ...BACK, atNs: 4 }, { role: 'client', local: '10.0.0.1:6666', remote: '10.0.0.2:81' }), data(length, 5), dataFrame({ ...BACK, atNs: 6 }, { direction: 'receive', position: OK.length, text: OK }));
  expect(bench.spans()).toHaveLength(1);
  // What is excluded stays so, however much of it is under way.
  const excluded = new AgentBench({ excludePorts: [81] }).push(openFrame({ ...BACK, atNs: 1 }, { role: 'client', local: '10.0.0.1:6666', remote: '10.0.0.2:81' }), data(0, 2));
  excluded.tracer.tidy();
  excluded.push(data(length, 3));
  expect(excluded.commands).toEqual(['policy 2 announce']);
  // The loader excludes only so many: what comes all the same is left alone for good.
  excluded.push(openFrame({ ...BACK, atNs: 4 }, { role: 'client', local: '10.0.0.1:6666', remote: '10.0.0.2:81' }));
  expect(excluded.commands.slice(1)).toEqual(['policy 2 off']);
});

test.each([
  ['OPTIONS *', 'http://d:80', 'OPTIONS *', '*'],
  ['OPTIONS http://d:80', 'http://d:80/', 'OPTIONS /', '/'],
  ['CONNECT e:443', 'http://e:443', 'CONNECT', undefined],
])('what %s asks for is no path', (line, url, name, template) => {
  const [span] = new AgentBench().push(
    openFrame({ ...BACK, atNs: 1 }, { role: 'client', local: '10.0.0.1:6666', remote: '10.0.0.2:80' }),
    dataFrame({ ...BACK, atNs: 2 }, { direction: 'send', position: 0, text: `${line} HTTP/1.1\r\nHost: d:80\r\n\r\n` }),
    dataFrame({ ...BACK, atNs: 3 }, { direction: 'receive', position: 0, text: OK.replace('200', '403') }),
  ).spans();
  expect([span?.name, span?.told['url.full'], span?.told['url.template']]).toEqual([name, url, template]);
});
