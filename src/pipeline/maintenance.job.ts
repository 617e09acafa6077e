import type { SchedulerRegistry } from '@nestjs/schedule';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { Clock } from '../lib/clock.js';
import { MINUTE_MS } from '../lib/duration.js';
import type { Database } from '../store/database.js';
import { compactSlices, deleteExpiredDigests } from '../store/duckdb-maintenance.js';
import { DuckdbUptime } from '../store/duckdb-uptime.js';

export interface MaintenanceJobOptions {
  readonly database: Database;
  readonly scheduler: SchedulerRegistry;
  /** Moves what is older than the hot retention into the archive, and keeps that in order. */
  readonly archiver: { run(nowMs: number): Promise<void>; stop(): void; isAsked(): Promise<boolean> };
  /** Looks at the room on disk and at what the archive holds. */
  readonly storage: { refresh(nowMs: number): Promise<void> };
  /** Whether what was sent in this minute was taken. */
  readonly takesIn: (minute: number) => boolean;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

const MAINTENANCE = 'maintenance';
const EVERY_MS = MINUTE_MS;
/** Deleting reads the whole table; once in a while is enough, because retention is hours. */
const EXPIRE_EVERY_ROUNDS = 10;

/** Once a minute: writes down that Tocsin was up, merges slices; from time to time moves what is older than the hot retention into the archive. */
export class MaintenanceJob implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #options: MaintenanceJobOptions;
  readonly #uptime: DuckdbUptime;
  #running: Promise<void> = Promise.resolve();
  #archiving: Promise<void> | undefined;
  #rounds = 0;
  #compactedTo = 0;

  constructor(options: MaintenanceJobOptions) {
    this.#options = options;
    this.#uptime = new DuckdbUptime(options.database);
  }

  onApplicationBootstrap(): void {
    this.#options.scheduler.addInterval(MAINTENANCE, setInterval(() => this.#start(), EVERY_MS));
    this.#start();
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.#options.scheduler.doesExist('interval', MAINTENANCE)) this.#options.scheduler.deleteInterval(MAINTENANCE);
    this.#options.archiver.stop();
    await this.#running;
    await this.#archiving;
  }

  #start(): void {
    this.#running = this.#running.then(() => this.#run()).catch(this.#options.onError);
  }

  /** The minute before is looked at again: it was recorded when it was young. */
  async #recordUptime(minute: number): Promise<void> {
    const { takesIn } = this.#options;
    if (!takesIn(minute - 1)) await this.#uptime.erase(minute - 1);
    if (takesIn(minute)) await this.#uptime.record(minute);
  }

  async #run(): Promise<void> {
    const { database, clock } = this.#options;
    const nowMs = clock.nowMs();
    await this.#recordUptime(Math.floor(nowMs / MINUTE_MS));
    await this.#options.storage.refresh(nowMs);
    this.#compactedTo = await compactSlices(database, this.#compactedTo, nowMs);
    if (this.#rounds % EXPIRE_EVERY_ROUNDS === 0) {
      await deleteExpiredDigests(database, nowMs);
      this.#archive(nowMs);
    } else if (await this.#options.archiver.isAsked()) this.#archive(nowMs);
    this.#rounds += 1;
  }

  /** Beside the rest: catching up can take longer than a minute, and uptime is recorded every minute. */
  #archive(nowMs: number): void {
    this.#archiving ??= this.#options.archiver.run(nowMs).catch(this.#options.onError).finally(() => { this.#archiving = undefined; });
  }
}
