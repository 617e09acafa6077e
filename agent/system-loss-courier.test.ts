import { expect, test } from 'vitest';
import { toldLogs } from '../test/support/told-spans.js';
import { newCounters } from './agent-counters.js';
import { LossReport, lossTotals, type LossTotals } from './loss-report.js';
import type { Delivery } from './otlp/delivery.js';
import { Outbox } from './otlp/outbox.js';
import { agentResource } from './resource.js';
import { resourceHead } from './span-batch.js';
import { LossCourier } from './system-loss-courier.js';
import { AgentLog } from './system-log.js';

const HOST = { name: 'node-1', id: undefined, arch: 'amd64', agentVersion: '1.2.3' };
const DELIVERED: Delivery = { outcome: 'delivered', rejectedSpans: 0 };
const AWAY: Delivery = { outcome: 'retryable', why: 'away', afterMs: undefined };

const begun = (spans: number, unsentSpans = 0): LossTotals => lossTotals({ counters: { ...newCounters(), begun: spans }, outbox: new Outbox(1).counters, losses: undefined, unsentSpans });

/** A receiver that answers when it is told to, and what it took. */
class Receiver {
  readonly taken: number[] = [];
  readonly told: Record<string, unknown>[] = [];
  isClosed = false;
  readonly #answers: ((delivery: Delivery) => void)[] = [];
  #wake: (() => void) | undefined;
  readonly courier = new LossCourier({
    report: new LossReport(resourceHead(agentResource(HOST), HOST.agentVersion), Date.now()), log: new AgentLog('error', () => undefined),
    sender: {
      takesGzip: false, close: () => { this.isClosed = true; },
      send: (body) => {
        this.told.push(...toldLogs(body, Date.now()).map(({ told }) => told));
        const answer = new Promise<Delivery>((resolve) => this.#answers.push(resolve));
        this.#wake?.();
        return answer;
      },
    },
  });

  /** Waits until something came, and answers it. */
  async answer(delivery: Delivery): Promise<void> {
    while (this.#answers.length === 0) await new Promise<void>((resolve) => { this.#wake = resolve; });
    this.#answers.shift()!(delivery);
  }
}

test('at the end the record that is on its way is waited for, and what happened since goes as the last one', async () => {
  const receiver = new Receiver();
  const sent = receiver.courier.send(begun(3));
  const finished = receiver.courier.finish(begun(5, 2));
  await receiver.answer(DELIVERED);
  await receiver.answer(DELIVERED);
  await Promise.all([sent, finished]);
  expect(receiver.told.map((told) => told['tocsin.agent.spans.begun'])).toEqual([3, 2]);
  expect(receiver.told[1]).toMatchObject({ 'tocsin.agent.spans.lost': 2, 'tocsin.agent.spans.lost_by.unsent': 2 });
});

test('at the end a record that does not arrive is sent again until the agent is closed', async () => {
  const receiver = new Receiver();
  const finished = receiver.courier.finish(begun(5));
  await receiver.answer(AWAY);
  await receiver.answer(DELIVERED);
  await finished;
  expect(receiver.told.map((told) => told['tocsin.agent.spans.begun'])).toEqual([5, 5]);
  const closed = new Receiver();
  const given = closed.courier.finish(begun(5));
  await closed.answer(AWAY);
  closed.courier.close();
  await given;
  expect(closed.told).toHaveLength(1);
});

test('where the receiver changes while a record is on its way the one before may still answer', async () => {
  const receiver = new Receiver();
  const sent = receiver.courier.send(begun(3));
  receiver.courier.useSender(undefined);
  expect(receiver.isClosed).toBe(false);
  await receiver.answer(DELIVERED);
  expect(await sent).toBe(true);
  await new Promise(setImmediate);
  expect(receiver.isClosed).toBe(true);
});

test('at the end nobody is waited for who was replaced', () => {
  const receiver = new Receiver();
  void receiver.courier.send(begun(3));
  receiver.courier.useSender(undefined);
  receiver.courier.close();
  expect(receiver.isClosed).toBe(true);
});
