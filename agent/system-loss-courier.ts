import { gzipSync } from 'node:zlib';
import type { OtlpSender } from './otlp/delivery.js';
import type { LossReport, LossTotals } from './loss-report.js';
import type { AgentLog } from './system-log.js';

export interface CourierParts {
  readonly report: LossReport;
  /** Undefined: these records are not wanted. */
  readonly sender: OtlpSender | undefined;
  readonly log: AgentLog;
}

/** Takes the records of what was lost to where the spans go. One at a time: what happens while it is on its way is in the next one. */
export class LossCourier {
  readonly #report: LossReport;
  readonly #log: AgentLog;
  #sender: OtlpSender | undefined;
  #isUnderWay = false;
  #isRefused = false;

  constructor({ report, sender, log }: CourierParts) {
    this.#report = report;
    this.#sender = sender;
    this.#log = log;
  }

  get isIdle(): boolean {
    return !this.#isUnderWay;
  }

  useSender(sender: OtlpSender | undefined): void {
    this.#sender?.close();
    this.#sender = sender;
    this.#isRefused = false;
  }

  /** Without an answer it is sent again at the next call. */
  async send(totals: LossTotals): Promise<void> {
    const sender = this.#sender;
    if (sender === undefined || this.#isUnderWay || this.#isRefused) return;
    this.#isUnderWay = true;
    const body = this.#report.next(totals, Date.now());
    const delivery = await sender.send(sender.takesGzip ? gzipSync(body) : body);
    this.#isUnderWay = false;
    if (delivery.outcome === 'delivered') this.#report.arrived();
    if (delivery.outcome !== 'rejected' || sender !== this.#sender) return;
    this.#isRefused = true;
    this.#log.info({ why: delivery.why }, 'the receiver takes no log records: what was lost is in this log alone');
  }

  close(): void {
    this.#sender?.close();
  }
}
