import { expect, test } from 'vitest';
import { toldLogs, type ToldLog } from '../test/support/told-spans.js';
import { newCounters } from './agent-counters.js';
import { LossReport, lossTotals, type LossTotals } from './loss-report.js';
import { Outbox } from './otlp/outbox.js';
import { agentResource } from './resource.js';
import { resourceHead } from './span-batch.js';

const START_MS = 1_795_651_184_000;
const MINUTE = 60_000;
const HOST = { name: 'node-1', id: 'f00', arch: 'amd64', agentVersion: '1.2.3' };
const LOSSES = {
  cpus: [{ cpu: 0, ringFull: 3, noBuffer: 5, unseenBytes: 700 }, { cpu: 1, ringFull: 4, tlsUnjoined: 1 }],
  loader: { queueFull: 10, queueFullBytes: 4_096, missedRuns: 0, sequenceHoles: 7 },
};

function totals({ hole = 0, sent = 0, refused = 0, losses }: { readonly hole?: number; readonly sent?: number; readonly refused?: number; readonly losses?: unknown } = {}): LossTotals {
  const { counters: outbox } = new Outbox(1);
  return lossTotals({ counters: { ...newCounters(), begun: sent + hole + refused, dataFrames: 2 * sent, abandonedHole: hole }, outbox: { ...outbox, sentSpans: sent, refusedSpans: refused }, losses, unsentSpans: 0 });
}

function read(body: Buffer): ToldLog {
  const [record, ...more] = toldLogs(body, START_MS + 10 * MINUTE);
  expect(more).toEqual([]);
  expect(record?.resource).toMatchObject({ 'host.name': 'node-1', 'host.id': 'f00', 'service.version': '1.2.3' });
  return record!;
}

const newReport = (): LossReport => new LossReport(resourceHead(agentResource(HOST), HOST.agentVersion), START_MS);

test('a record says what was seen, delivered and lost since the one before, by why', () => {
  const report = newReport();
  const first = read(report.next(totals({ sent: 100, hole: 2, losses: LOSSES }), START_MS + MINUTE));
  expect(first).toMatchObject({ service: 'tocsin-agent', eventName: 'tocsin.agent.losses', severity: 13, severityText: 'WARN', timeNs: BigInt(START_MS + MINUTE) * 1_000_000n });
  expect(first.told).toEqual({
    'tocsin.agent.period_ms': MINUTE, 'tocsin.agent.spans.begun': 102, 'tocsin.agent.spans.delivered': 100, 'tocsin.agent.spans.lost': 2, 'tocsin.agent.spans.lost_by.hole': 2,
    // What the kernel had no room for leaves holes in its sequence: counted once.
    'tocsin.agent.events.read': 200, 'tocsin.agent.events.lost': 17, 'tocsin.agent.events.lost_by.ring_full': 7, 'tocsin.agent.events.lost_by.queue_full': 10,
    'tocsin.agent.calls.unread': 6, 'tocsin.agent.calls.unread_by.no_buffer': 5, 'tocsin.agent.calls.unread_by.tls_unjoined': 1, 'tocsin.agent.limits.hit': 0, 'tocsin.agent.bytes.unseen': 700,
  });
  expect(first.body).toBe('the agent lost 2 spans and 17 events of the kernel, 100 spans delivered: spans hole 2, events ring_full 7, events queue_full 10');
  report.arrived();
  const second = read(report.next(totals({ sent: 130, hole: 2, refused: 1, losses: LOSSES }), START_MS + 2 * MINUTE));
  expect(second.told).toEqual({
    'tocsin.agent.period_ms': MINUTE, 'tocsin.agent.spans.begun': 31, 'tocsin.agent.spans.delivered': 30, 'tocsin.agent.spans.lost': 1, 'tocsin.agent.spans.lost_by.refused': 1,
    'tocsin.agent.events.read': 60, 'tocsin.agent.events.lost': 0, 'tocsin.agent.calls.unread': 0, 'tocsin.agent.limits.hit': 0, 'tocsin.agent.bytes.unseen': 0,
  });
  report.arrived();
  const third = read(report.next(totals({ sent: 130, hole: 2, refused: 1, losses: LOSSES }), START_MS + 3 * MINUTE));
  expect(third).toMatchObject({ severity: 9, severityText: 'INFO', body: 'the agent lost nothing, 0 spans delivered' });
});

test('what a full table left out is no loss that can be counted in spans, but a warning all the same', () => {
  const { severityText, body, told } = read(newReport().next(totals({ sent: 1, losses: { loader: { librariesFull: 2, programsFull: 1 } } }), START_MS + MINUTE));
  expect(told).toMatchObject({ 'tocsin.agent.spans.lost': 0, 'tocsin.agent.limits.hit': 3, 'tocsin.agent.limits.hit_by.libraries': 2, 'tocsin.agent.limits.hit_by.programs': 1 });
  expect({ severityText, body }).toEqual({ severityText: 'WARN', body: 'the agent lost 0 spans and 0 events of the kernel and was at its limits 3 times, 1 spans delivered: limits libraries 2, limits programs 1' });
});

test('what did not arrive is sent again as it is, and the sum is right however long that takes', () => {
  const report = newReport();
  const first = report.next(totals({ hole: 1 }), START_MS + MINUTE);
  expect(report.next(totals({ hole: 4 }), START_MS + 2 * MINUTE)).toBe(first);
  expect(report.next(totals({ hole: 9 }), START_MS + 3 * MINUTE)).toBe(first);
  report.arrived();
  const second = read(report.next(totals({ hole: 9 }), START_MS + 4 * MINUTE));
  expect(second.told).toMatchObject({ 'tocsin.agent.period_ms': 3 * MINUTE, 'tocsin.agent.spans.lost': 8 });
  expect(Number(read(first).told['tocsin.agent.spans.lost']) + 8).toBe(9);
});

test('every counter of a loss is in a record', () => {
  const report = newReport();
  const everyLoss = { cpus: [Object.fromEntries(['ringFull', 'unreadable', 'state', 'unseenBytes', 'order', 'noBuffer', 'vector', 'unknownCall', 'ioUring', 'tlsUnjoined', 'tlsUnreadable', 'tlsLength'].map((name) => [name, 1]))], loader: { queueFull: 1, missedRuns: 1, librariesFull: 1, excludedFull: 1, programsFull: 1, processesFull: 1, factsFull: 1 } };
  const { told } = read(report.next(lossTotals({ counters: { ...newCounters(), abandonedHole: 1, abandonedLimit: 1, abandonedNotTheProtocol: 1, forgotten: 1, unknownConnection: 1, connectionLimit: 1, memoryLimit: 1, processLimit: 1, parentLimit: 1, statementLimit: 1 }, outbox: { sentSpans: 0, sentBytes: 0, retries: 0, rejectedSpans: 1, overflownSpans: 1, refusedSpans: 1 }, losses: everyLoss, unsentSpans: 1 }), START_MS + 1));
  expect(told).toMatchObject({ 'tocsin.agent.spans.lost': 8, 'tocsin.agent.events.lost': 5, 'tocsin.agent.calls.unread': 9, 'tocsin.agent.limits.hit': 10, 'tocsin.agent.bytes.unseen': 1 });
});
