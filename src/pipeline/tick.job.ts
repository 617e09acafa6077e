import type { SchedulerRegistry } from '@nestjs/schedule';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { Clock } from '../lib/clock.js';
import type { Engine } from './engine.js';
import type { PrometheusMetrics } from './prometheus-metrics.js';

export interface TickJobOptions {
  readonly engine: Engine;
  readonly scheduler: SchedulerRegistry;
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly metrics: PrometheusMetrics;
  /** Around each tick: Tocsin's own tracing. */
  readonly traced: (work: () => Promise<void>) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

const TICK = 'tick';
/** Early ticks are for the first crossing, not for every batch of an outage. */
const EARLY_TICK_PAUSE_MS = 250;

/** Runs the engine at its pace. A tick that takes longer than the interval is not overtaken: the next one waits for its turn. */
export class TickJob implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #options: TickJobOptions;
  #running: Promise<void> | undefined;
  #again = false;
  #lastStartMs = 0;
  #early: NodeJS.Timeout | undefined;
  #due: { readonly atMs: number; readonly timer: NodeJS.Timeout } | undefined;
  #stopped = false;

  constructor(options: TickJobOptions) {
    this.#options = options;
  }

  onApplicationBootstrap(): void {
    const { scheduler, intervalMs } = this.#options;
    scheduler.addInterval(TICK, setInterval(() => this.#start(), intervalMs));
    this.#start();
  }

  async onApplicationShutdown(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#early);
    clearTimeout(this.#due?.timer);
    if (this.#options.scheduler.doesExist('interval', TICK)) this.#options.scheduler.deleteInterval(TICK);
    await this.#running;
  }

  /** A commit crossed a threshold. */
  requestEarlyTick(): void {
    if (this.#stopped || this.#early !== undefined) return;
    const waitMs = Math.max(0, this.#lastStartMs + EARLY_TICK_PAUSE_MS - this.#options.clock.nowMs());
    this.#early = setTimeout(() => {
      this.#early = undefined;
      if (this.#running === undefined) this.#start();
      else this.#again = true;
    }, waitMs);
  }

  /** Something is due then; where the ordinary tick comes first, that one sees to it. */
  requestTickAt(atMs: number): void {
    const waitMs = Math.max(0, atMs - this.#options.clock.nowMs());
    if (this.#stopped || waitMs >= this.#options.intervalMs || (this.#due !== undefined && this.#due.atMs <= atMs)) return;
    clearTimeout(this.#due?.timer);
    this.#due = {
      atMs,
      timer: setTimeout(() => {
        this.#due = undefined;
        this.requestEarlyTick();
      }, waitMs),
    };
  }

  #start(): void {
    if (this.#running !== undefined || this.#stopped) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (!this.#again) return;
      this.#again = false;
      this.#start();
    });
  }

  async #run(): Promise<void> {
    const { engine, clock, metrics, traced, onError } = this.#options;
    this.#lastStartMs = clock.nowMs();
    const stop = metrics.tickDuration.startTimer();
    try {
      await traced(async () => { await engine.tick(clock.nowMs()); });
      metrics.ticks.inc({ outcome: 'done' });
    } catch (error) {
      metrics.ticks.inc({ outcome: 'failed' });
      onError(error);
    } finally {
      stop();
    }
  }
}
