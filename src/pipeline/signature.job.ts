import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { SchedulerRegistry } from '@nestjs/schedule';
import type { Clock } from '../lib/clock.js';
import type { SignatureBook } from './signature-book.js';

export interface SignatureJobOptions {
  readonly book: SignatureBook;
  readonly scheduler: SchedulerRegistry;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

const SIGNATURES = 'signatures';
const EVERY_MS = 5_000;

/** Reads what failed, every few seconds. A round that takes longer is waited for. */
export class SignatureJob implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #options: SignatureJobOptions;
  #running: Promise<void> | undefined;

  constructor(options: SignatureJobOptions) {
    this.#options = options;
  }

  onApplicationBootstrap(): void {
    this.#options.scheduler.addInterval(SIGNATURES, setInterval(() => this.#start(), EVERY_MS));
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.#options.scheduler.doesExist('interval', SIGNATURES)) this.#options.scheduler.deleteInterval(SIGNATURES);
    await this.#running;
  }

  #start(): void {
    const { book, clock, onError } = this.#options;
    this.#running ??= book.read(clock.nowMs()).catch(onError).finally(() => {
      this.#running = undefined;
    });
  }
}
