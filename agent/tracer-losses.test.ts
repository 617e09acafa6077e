import { expect, test } from 'vitest';
import { AgentBench } from '../test/support/agent-bench.js';
import { clockFrame, closeFrame, dataFrame, lossFrame, openFrame, processFrame } from '../test/support/frames.js';
import { lossTotals } from './loss-report.js';
import { Outbox } from './otlp/outbox.js';

const SERVER = { cookie: 1, tgid: 10, tid: 10 };
const CLIENT = { cookie: 2, tgid: 10, tid: 10 };
const REQUEST = 'GET /users/42 HTTP/1.1\r\nHost: shop\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const SECOND = 1e9;

const open = (where: { readonly cookie: number; readonly tgid: number }, atNs: number): Buffer => (where.cookie === SERVER.cookie
  ? openFrame({ ...where, atNs }, { role: 'server', local: '10.0.0.1:80', remote: '10.0.0.9:5555' })
  : openFrame({ ...where, atNs }, { role: 'client', local: '10.0.0.1:6666', remote: '10.0.0.2:81' }));
const arrives = (atNs: number, position = 0): Buffer => dataFrame({ ...SERVER, atNs }, { direction: 'receive', position, text: REQUEST });
/** A call that the same thread makes. */
const call = (atNs: number): Buffer[] => [open(CLIENT, atNs), dataFrame({ ...CLIENT, atNs: atNs + 1 }, { direction: 'send', position: 0, text: REQUEST }), dataFrame({ ...CLIENT, atNs: atNs + 2 }, { direction: 'receive', position: 0, text: OK })];
const lostSpans = ({ tracer: { counters } }: AgentBench): Record<string, number> =>
  Object.fromEntries(Object.entries(lossTotals({ counters, outbox: new Outbox(1).counters, losses: undefined, unsentSpans: 0 }).lostSpans).filter(([, count]) => count > 0));

test('a request whose close may have been lost is the parent of nothing any more, and is counted when its connection stays silent', () => {
  const bench = new AgentBench().push(open(SERVER, 1), arrives(2), lossFrame(5, SECOND));
  bench.tracer.tidy();
  bench.push(...call(2 * SECOND));
  expect(bench.spans().map(({ kind, parentSpanId }) => [kind, parentSpanId])).toEqual([['client', '']]);
  expect(lostSpans(bench)).toEqual({});
  bench.push(clockFrame(1_000 * SECOND, 1_001_000_000_000));
  bench.tracer.tidy();
  expect(lostSpans(bench)).toEqual({ forgotten: 1 });
});

test.each([
  ['nothing was lost', [lossFrame(0, SECOND)]],
  ['its connection spoke after the loss', [lossFrame(5, SECOND), arrives(2 * SECOND, REQUEST.length), dataFrame({ ...SERVER, atNs: 2 * SECOND + 1 }, { direction: 'send', position: 0, text: OK })]],
])('a request that is open for long is a parent all the same where %s', (_why, frames) => {
  const bench = new AgentBench().push(open(SERVER, 1), arrives(2), ...frames, clockFrame(1_000 * SECOND, 1_001_000_000_000));
  bench.tracer.tidy();
  bench.spans();
  bench.push(...call(1_001 * SECOND));
  expect(bench.spans().map(({ told }) => told['tocsin.parent.basis'])).toEqual(['thread']);
  expect(lostSpans(bench)).toEqual({});
});

/** The answer's beginning is not there. */
const hole = dataFrame({ ...SERVER, atNs: 5 }, { direction: 'send', position: 10_000, text: OK });
const nonsense = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((index) => dataFrame({ ...SERVER, atNs: 10 + index }, { direction: 'send', position: index * 8, text: 'nonsense' }));

test('exchanges without an end are lost, by why', () => {
  expect(lostSpans(new AgentBench().push(open(SERVER, 1), arrives(2), hole))).toEqual({ hole: 1 });
  expect(lostSpans(new AgentBench().push(open(SERVER, 1), arrives(2), ...nonsense))).toEqual({ not_understood: 1 });
});

test('what would not have been told is no loss', () => {
  const excluded = new AgentBench({ excludePaths: ['/users/*'] }).push(open(SERVER, 1), arrives(2), hole);
  expect(lostSpans(excluded)).toEqual({});
  expect(excluded.tracer.counters).toMatchObject({ begun: 1, excluded: 1 });
  const instrumented = new AgentBench().push(processFrame({ pid: 10, executable: '/usr/bin/node', environment: { NODE_OPTIONS: '--require @opentelemetry/auto-instrumentations-node/register' } }), open(SERVER, 1), arrives(2), hole);
  expect(lostSpans(instrumented)).toEqual({});
  expect(instrumented.tracer.counters).toMatchObject({ begun: 1, instrumented: 1 });
});

test('what is under way of a connection that is left alone counts as no lost event', () => {
  const bench = new AgentBench({ excludePorts: [80] }).push(open(SERVER, 1), arrives(2), closeFrame({ ...SERVER, atNs: 3 }));
  expect(bench.tracer.counters).toMatchObject({ excluded: 1, unknownConnection: 0 });
});

test('requests that there are too many of to be looked at as parents are counted', () => {
  const bench = new AgentBench();
  for (let cookie = 10; cookie < 10 + 4_100; cookie += 1) {
    const where = { cookie, tgid: 10, tid: cookie, atNs: cookie };
    bench.push(openFrame(where, { role: 'server', local: '10.0.0.1:80', remote: '10.0.0.9:5555' }), dataFrame(where, { direction: 'receive', position: 0, text: REQUEST }));
  }
  expect(bench.tracer.counters.parentLimit).toBe(4);
});
