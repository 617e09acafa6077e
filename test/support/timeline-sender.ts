import type { RandomSource } from '../../src/budget/random-source.js';
import { DAY_MS, MINUTE_MS } from '../../src/lib/duration.js';
import type { Shipment } from './timeline-traffic.js';

export interface Traffic {
  readonly service: string;
  readonly perMinute: number;
  /** Who is called; `SERVICE-bank` unless said. */
  readonly backend?: string;
  /** Independent errors of an ordinary day; traffic then arrives at random, too. Without it, everything is even and nothing fails. */
  readonly errorRatio?: number;
  /** Nearly nothing at night, twice the mean at noon. */
  readonly daily?: boolean;
}

/**
 * The exporter of one service: it makes a shipment of the requests of each interval and keeps it until it is answered, as a
 * collector with a queue on disk does.
 */
export class Sender {
  readonly queue: Shipment[] = [];
  failing = 0;
  readonly #random: RandomSource;
  #traffic: Traffic;
  #requestsDue = 0;
  #failuresDue = 0;

  constructor(traffic: Traffic, random: RandomSource) {
    this.#traffic = traffic;
    this.#random = random;
  }

  use(traffic: Traffic): void {
    this.#traffic = traffic;
  }

  export(fromMs: number, toMs: number): void {
    const { service, backend } = this.#traffic;
    const requests = this.#requests(fromMs, toMs);
    if (requests === 0) return;
    this.#failuresDue += requests * this.failing;
    const failed = Math.floor(this.#failuresDue + 1e-9);
    this.#failuresDue -= failed;
    const unlucky = this.#random.binomial(requests - failed, this.#traffic.errorRatio ?? 0);
    this.queue.push({ service, fromMs, toMs, good: requests - failed - unlucky, bad: failed + unlucky, ...(backend === undefined ? {} : { backend }) });
  }

  #requests(fromMs: number, toMs: number): number {
    const { perMinute, daily = false, errorRatio } = this.#traffic;
    const swing = daily ? 1 - 0.95 * Math.cos((2 * Math.PI * (fromMs % DAY_MS)) / DAY_MS) : 1;
    const mean = (perMinute * swing * (toMs - fromMs)) / MINUTE_MS;
    if (errorRatio !== undefined) return this.#random.poisson(mean);
    this.#requestsDue += mean;
    const requests = Math.floor(this.#requestsDue + 1e-9);
    this.#requestsDue -= requests;
    return requests;
  }
}
