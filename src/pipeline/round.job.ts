import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { SchedulerRegistry } from '@nestjs/schedule';
import type { Clock } from '../lib/clock.js';

export interface RoundJobOptions {
  /** Of the interval; unique. */
  readonly name: string;
  readonly everyMs: number;
  readonly read: (nowMs: number) => Promise<void>;
  readonly scheduler: SchedulerRegistry;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/** Reads what is new, again and again. A round that takes longer is waited for; one that fails is tried again by the next. */
export class RoundJob implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #options: RoundJobOptions;
  #running: Promise<void> | undefined;

  constructor(options: RoundJobOptions) {
    this.#options = options;
  }

  onApplicationBootstrap(): void {
    this.#options.scheduler.addInterval(this.#options.name, setInterval(() => this.#start(), this.#options.everyMs));
  }

  async onApplicationShutdown(): Promise<void> {
    const { scheduler, name } = this.#options;
    if (scheduler.doesExist('interval', name)) scheduler.deleteInterval(name);
    await this.#running;
  }

  #start(): void {
    const { read, clock, onError } = this.#options;
    this.#running ??= read(clock.nowMs()).catch(onError).finally(() => {
      this.#running = undefined;
    });
  }
}
