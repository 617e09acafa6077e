import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { SchedulerRegistry } from '@nestjs/schedule';
import type { Clock } from '../lib/clock.js';
import { MINUTE_MS, SECOND_MS } from '../lib/duration.js';
import { AUDIT_KINDS } from './audit-period.js';
import type { QualityAudit } from './quality-audit.js';
import type { QualityReport } from './quality-report.js';
import type { QualityService } from './quality-service.js';
import { dueAfterMs, type WeeklySchedule } from './quality-week.js';

const NAME = 'quality';
const EVERY_MS = MINUTE_MS;
/** The first round: what a downtime left undone is not left for another minute. */
const FIRST_MS = 5 * SECOND_MS;
/** Hours that are due are stored one after another for so long, then ingest has a pause. */
const ROUND_MS = 5 * SECOND_MS;

export interface QualityJobOptions {
  readonly quality: Pick<QualityService, 'keepHour' | 'weekly' | 'dueAudit'>;
  readonly scheduler: SchedulerRegistry;
  /** Writes down who read traces. */
  readonly keepReads: () => Promise<void>;
  readonly schedule: WeeklySchedule;
  readonly clock: Clock;
  /** Tells people of it. Called after it was stored; what fails is reported and not tried again. */
  readonly announce: (report: QualityReport) => Promise<void>;
  readonly announceAudit: (audit: QualityAudit) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** Every minute: the facts of the hours that have ended, and the weekly report when it is due. What a downtime kept from being made is made after it. */
export class QualityJob implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #options: QualityJobOptions;
  #running: Promise<void> | undefined;

  constructor(options: QualityJobOptions) {
    this.#options = options;
  }

  onApplicationBootstrap(): void {
    const { scheduler } = this.#options;
    scheduler.addTimeout(NAME, setTimeout(() => this.#start(), FIRST_MS));
    scheduler.addInterval(NAME, setInterval(() => this.#start(), EVERY_MS));
  }

  async onApplicationShutdown(): Promise<void> {
    const { scheduler } = this.#options;
    // The scheduler may have ended first, and has deleted them.
    if (scheduler.doesExist('timeout', NAME)) scheduler.deleteTimeout(NAME);
    if (scheduler.doesExist('interval', NAME)) scheduler.deleteInterval(NAME);
    await this.#running;
    await this.#options.keepReads().catch(this.#options.onError);
  }

  #start(): void {
    this.#running ??= this.run().finally(() => { this.#running = undefined; });
  }

  async run(): Promise<void> {
    const { quality, keepReads, schedule, clock, announce, announceAudit, onError } = this.#options;
    try {
      await keepReads();
      // The week is reported when all its hours are stored.
      if (await this.#isHourLeft()) return;
      const report = await quality.weekly(dueAfterMs(schedule, clock.nowMs()));
      if (report !== undefined && report.overall.spans > 0) await announce(report);
      for (const kind of AUDIT_KINDS) {
        const audit = await quality.dueAudit(kind, schedule.hour);
        if (audit !== undefined && audit.spans > 0) await announceAudit(audit);
      }
    } catch (error) {
      onError(error);
    }
  }

  async #isHourLeft(): Promise<boolean> {
    const { quality, clock } = this.#options;
    const untilMs = clock.nowMs() + ROUND_MS;
    while (await quality.keepHour()) if (clock.nowMs() >= untilMs) return true;
    return false;
  }
}
