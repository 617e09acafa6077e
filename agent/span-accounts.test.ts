import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AgentBench } from '../test/support/agent-bench.js';
import { dataFrame, openFrame } from '../test/support/frames.js';
import { toldLogs, toldSpans } from '../test/support/told-spans.js';
import { LossReport, lossTotals, type LossTotals } from './loss-report.js';
import type { Delivery, OtlpSender } from './otlp/delivery.js';
import { resourceHead } from './span-batch.js';
import { Exporter } from './system-export.js';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const START_MS = Date.parse('2026-11-27T10:00:00Z');
/** More than any pause between two attempts. */
const STEP_MS = 120_000;
/** Room for a few requests. */
const BUFFER_BYTES = 1_500;

beforeEach(() => { vi.useFakeTimers({ toFake: ['Date'], now: START_MS }); });
afterEach(() => { vi.useRealTimers(); });

interface Asking { readonly does: 'ask' | 'hole' | 'waits' | 'excluded'; readonly n: number }
type Step = Asking | { readonly does: 'reload' } | { readonly does: 'record' } | { readonly does: 'answer'; readonly with: Delivery };

const delivered = (rejectedSpans: number): Delivery => ({ outcome: 'delivered', rejectedSpans });
const noAnswer: Delivery = { outcome: 'retryable', afterMs: undefined, why: 'no answer within 10000 ms' };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(fc.oneof(
  { weight: 6, arbitrary: fc.record({ does: fc.constantFrom('ask' as const, 'ask' as const, 'hole' as const, 'waits' as const, 'excluded' as const), n: fc.integer({ min: 1, max: 30 }) }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('answer' as const), with: fc.constantFrom(noAnswer, noAnswer, delivered(0), delivered(1), { outcome: 'rejected', why: 'status 400' } satisfies Delivery) }) },
  { weight: 2, arbitrary: fc.constantFrom<Step>({ does: 'record' }, { does: 'reload' }) },
), { maxLength: 40 });

/** An agent whose receiver answers when it is told to, and not before. */
class Accounts {
  readonly #bench = new AgentBench();
  readonly #exporter = new Exporter(this.#sender(), BUFFER_BYTES);
  readonly #report = new LossReport(resourceHead([], ''), START_MS);
  #answers: ((delivery: Delivery) => void)[] = [];
  #cookie = 0;
  /** Requests of which a span was to come. */
  made = 0;
  /** Spans that the receiver has kept. */
  kept = 0;
  readonly told = { delivered: 0, lost: 0 };

  #sender(): OtlpSender {
    return {
      takesGzip: true, close: () => undefined,
      send: (body) => new Promise((resolve) => this.#answers.push((delivery) => {
        if (delivery.outcome === 'delivered') this.kept += toldSpans(gunzipSync(body), Date.now()).length - delivery.rejectedSpans;
        resolve(delivery);
      })),
    };
  }

  async take(step: Step): Promise<void> {
    vi.setSystemTime(Date.now() + STEP_MS);
    if (step.does === 'reload') this.#exporter.useSender(this.#sender());
    else if (step.does === 'record') this.#record(0);
    else if (step.does === 'answer') for (const answer of this.#answers.splice(0)) answer(step.with);
    else {
      this.#ask(step);
      this.#post();
    }
    await new Promise(setImmediate);
  }

  #ask({ does: how, n }: Asking): void {
    this.#cookie += 1;
    const at = { cookie: this.#cookie, tgid: 10, tid: 10, atNs: 5 };
    const request = `GET /${how === 'excluded' ? 'healthz' : 'orders'} HTTP/1.1\r\nHost: shop\r\n\r\n`;
    this.#bench.push(openFrame({ ...at, atNs: 1 }, { role: 'server', local: '10.0.0.1:80', remote: '10.0.0.9:5555' }));
    for (let index = 0; index < n; index += 1) {
      const isAnswered = index < n - 1 || how === 'ask' || how === 'excluded';
      this.#bench.push(dataFrame(at, { direction: 'receive', position: index * request.length, text: request }));
      if (isAnswered) this.#bench.push(dataFrame(at, { direction: 'send', position: index * OK.length, text: OK }));
    }
    // An answer goes by unseen, and what follows is in the middle of another one.
    if (how === 'hole') this.#bench.push(dataFrame(at, { direction: 'send', position: n * OK.length + 7, text: 'body' }));
    if (how !== 'excluded') this.made += n;
  }

  #post(): void {
    const { body, spans } = this.#bench.request();
    if (spans > 0) this.#exporter.add({ body, spans });
    this.#exporter.pump();
  }

  #totals(unsentSpans: number): LossTotals {
    const { counters, losses } = this.#bench.tracer;
    return lossTotals({ counters, outbox: this.#exporter.outbox.counters, losses, unsentSpans });
  }

  #record(unsentSpans: number): void {
    for (const { told } of toldLogs(this.#report.next(this.#totals(unsentSpans), Date.now()), Date.now())) {
      this.told.delivered += Number(told['tocsin.agent.spans.delivered']);
      this.told.lost += Number(told['tocsin.agent.spans.lost']);
    }
    this.#report.arrived();
  }

  /** As RunningAgent does, while the receiver stays as it is. */
  end(): void {
    this.#bench.tracer.stop();
    this.#post();
    this.#record(this.#exporter.waitingSpans);
  }
}

async function accountsOf(taken: readonly Step[]): Promise<Accounts> {
  const accounts = new Accounts();
  for (const step of taken) await accounts.take(step);
  accounts.end();
  return accounts;
}

test('of a receiver that never answers every span is told as lost', async () => {
  const accounts = await accountsOf(Array.from({ length: 30 }, () => ({ does: 'ask', n: 30 })));
  expect(accounts.made).toBe(900);
  expect(accounts.told).toEqual({ delivered: 0, lost: 900 });
});

test('whatever the receiver does, what it kept and what is told as lost are what was made', async () => {
  await fc.assert(fc.asyncProperty(steps, async (taken) => {
    const { made, kept, told } = await accountsOf(taken);
    expect(told).toEqual({ delivered: kept, lost: made - kept });
  }), { numRuns: 60 });
});
