import { describe, expect, test } from 'vitest';
import { AgentBench } from '../test/support/agent-bench.js';
import { dataFrame, openFrame, processEventFrame, processFrame } from '../test/support/frames.js';
import type { ProcessFacts } from './process-facts.js';
import { Processes } from './processes.js';
import type { ToldSpan } from '../test/support/told-spans.js';

const PARENT = processFrame({ pid: 10, comm: 'python3', executable: '/usr/bin/python3.11', arguments: ['python3', '/srv/shop.py'], environment: { OTEL_RESOURCE_ATTRIBUTES: 'team=blue' }, pidInNamespace: 7 });
const CHILD = { cookie: 1, tgid: 11, tid: 11 };
const ENDED_CHILD = { pid: 11, parent: 10, comm: 'python3', gone: true };
const REQUEST = 'GET /users/42 HTTP/1.1\r\nHost: shop\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const SERVED = [
  openFrame({ ...CHILD, atNs: 20 }, { role: 'server', local: '10.0.0.1:80', remote: '10.0.0.9:5555' }),
  dataFrame({ ...CHILD, atNs: 21 }, { direction: 'receive', position: 0, text: REQUEST }), dataFrame({ ...CHILD, atNs: 22 }, { direction: 'send', position: 0, text: OK }),
];
const resource = (span: ToldSpan | undefined): Readonly<Record<string, unknown>> => Object.fromEntries(span?.resource ?? []);

test('a fork that ended before it was read is the service of its parent, which has ended as well', () => {
  const [span] = new AgentBench().push(PARENT, processEventFrame({ tgid: 10, atNs: 15 }, 'exit'), processFrame(ENDED_CHILD), ...SERVED).spans();
  expect(span).toMatchObject({ service: 'shop' });
  expect(resource(span)).toMatchObject({ 'process.pid': 11, 'service.instance.id': 'node-1:11', 'process.executable.path': '/usr/bin/python3.11', team: 'blue' });
});

test.each([
  ['runs another program by now', [PARENT, processEventFrame({ tgid: 10, atNs: 15 }, 'exec'), processFrame({ pid: 10, comm: 'cat', executable: '/bin/cat' })], ENDED_CHILD],
  ['is not known', [], ENDED_CHILD],
  ['is known, of a process that ran a program of its own', [PARENT], { ...ENDED_CHILD, parent: undefined }],
])('nothing is made up for a fork whose parent %s', (_what, before, child) => {
  expect(new AgentBench().push(...before, processFrame(child), ...SERVED).spans()).toMatchObject([{ service: 'python3' }]);
});

test('a fork of an excluded program is left alone too, and its number is free with whom gets it next', () => {
  const bench = new AgentBench({ excludeExecutables: ['/usr/bin/python*'] }).push(PARENT, processFrame(ENDED_CHILD), ...SERVED);
  expect(bench.spans()).toEqual([]);
  expect(bench.commands.filter((line) => line.includes('pid'))).toEqual(['exclude-pid 10', 'exclude-pid 11']);
  // The end of 11 was lost.
  bench.push(processEventFrame({ tgid: 11, atNs: 30 }, 'fork'));
  expect(bench.commands.at(-1)).toBe('include-pid 11');
});

describe('16,384 processes are remembered', () => {
  const facts = (pid: number): ProcessFacts => ({ pid, comm: 'curl', executable: '/usr/bin/curl' });
  const crowd = Array.from({ length: 17_000 }, (_, index) => 1_000 + index);

  test('a server that lives long keeps its name, however many have ended that came after it', () => {
    const counters = { processLimit: 0 };
    const processes = new Processes(counters);
    processes.learn({ pid: 11, comm: 'nginx' });
    for (const pid of crowd) {
      processes.learn(facts(pid));
      processes.exited(pid, pid);
    }
    expect(processes.of(11).facts.comm).toBe('nginx');
    expect(counters.processLimit).toBe(0);
  });

  test('where more run at once the oldest are forgotten, and counted; another program in one of them takes no more room', () => {
    const counters = { processLimit: 0 };
    const processes = new Processes(counters);
    for (const pid of crowd) processes.learn(facts(pid));
    processes.learn({ pid: crowd.at(-1)!, comm: 'cat' });
    expect(counters.processLimit).toBe(17_000 - 16_384);
  });
});
