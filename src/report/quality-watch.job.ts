import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { SchedulerRegistry } from '@nestjs/schedule';
import type { Clock } from '../lib/clock.js';
import { SECOND_MS } from '../lib/duration.js';
import type { QualityWatch } from './quality-watch.js';

const NAME = 'quality-watch';
/** A minute is read within this after it is due. */
const EVERY_MS = 10 * SECOND_MS;

export interface QualityWatchJobOptions {
  readonly watch: Pick<QualityWatch, 'read'>;
  readonly scheduler: SchedulerRegistry;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/** Reads the minutes that have ended. A round that takes longer is waited for. */
export class QualityWatchJob implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #options: QualityWatchJobOptions;
  #running: Promise<void> | undefined;

  constructor(options: QualityWatchJobOptions) {
    this.#options = options;
  }

  onApplicationBootstrap(): void {
    this.#options.scheduler.addInterval(NAME, setInterval(() => this.#start(), EVERY_MS));
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.#options.scheduler.doesExist('interval', NAME)) this.#options.scheduler.deleteInterval(NAME);
    await this.#running;
  }

  #start(): void {
    const { watch, clock, onError } = this.#options;
    this.#running ??= watch.read(clock.nowMs()).catch(onError).finally(() => {
      this.#running = undefined;
    });
  }
}
