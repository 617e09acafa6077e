import { gzipSync } from 'node:zlib';
import type { OtlpSender } from './otlp/delivery.js';
import type { LossReport, LossTotals } from './loss-report.js';
import type { AgentLog } from './system-log.js';

/** Between two attempts at the end. */
const AGAIN_MS = 250;

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
  #underWay: Promise<boolean> | undefined;
  /** Who has it under way, or had it last: maybe not the sender that is used now. */
  #lastBy: OtlpSender | undefined;
  #isRefused = false;
  #isClosed = false;

  constructor({ report, sender, log }: CourierParts) {
    this.#report = report;
    this.#sender = sender;
    this.#log = log;
  }

  /** A record that the one before has under way is waited for: closed at once, it would not be known whether it has arrived. */
  useSender(sender: OtlpSender | undefined): void {
    const before = this.#sender;
    void (this.#underWay ?? Promise.resolve()).then(() => before?.close());
    this.#sender = sender;
    this.#isRefused = false;
  }

  /** Without an answer it is sent again at the next call. Whether it has arrived. */
  async send(totals: LossTotals): Promise<boolean> {
    const sender = this.#sender;
    if (sender === undefined || this.#underWay !== undefined || this.#isRefused) return false;
    this.#underWay = this.#deliver(sender, totals);
    return this.#underWay;
  }

  /** The last record, behind those that did not arrive yet. Goes on until it has arrived, nobody wants it, or `close` is called. */
  async finish(totals: LossTotals): Promise<void> {
    await this.#underWay;
    let isLast = false;
    while (this.#sender !== undefined && !this.#isRefused && !this.#isClosed) {
      isLast ||= !this.#report.isPending;
      const hasArrived = await this.send(totals);
      if (hasArrived && isLast) return;
      if (!hasArrived) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#lastBy?.close();
    this.#sender?.close();
  }

  async #deliver(sender: OtlpSender, totals: LossTotals): Promise<boolean> {
    this.#lastBy = sender;
    const body = this.#report.next(totals, Date.now());
    const delivery = await sender.send(sender.takesGzip ? gzipSync(body) : body);
    this.#underWay = undefined;
    if (delivery.outcome === 'delivered') this.#report.arrived();
    else if (delivery.outcome === 'rejected' && sender === this.#sender) {
      this.#isRefused = true;
      this.#log.info({ why: delivery.why }, 'the receiver takes no log records: what was lost is in this log alone');
    }
    return delivery.outcome === 'delivered';
  }
}
