import type { Logger } from 'pino';
import { SECOND_MS } from '../../lib/duration.js';
import { systemClock } from '../../lib/system-clock.js';
import type { RoundJobOptions } from '../../pipeline/round.job.js';
import type { Judgement } from './judgement.js';

const SIGNATURES_EVERY_MS = 5 * SECOND_MS;
/** A quarter of an hour is judged within this after it is due. */
const ANOMALIES_EVERY_MS = 30 * SECOND_MS;

/** What is read again and again beside the tick. */
export function roundsOf({ signatures, anomalies }: Pick<Judgement, 'signatures' | 'anomalies'>, log: Logger): readonly Omit<RoundJobOptions, 'scheduler'>[] {
  return [
    { name: 'signatures', everyMs: SIGNATURES_EVERY_MS, read: (nowMs) => signatures.read(nowMs), clock: systemClock, onError: (error) => log.error({ err: error }, 'failures could not be read for their signatures; the next round tries again') },
    { name: 'anomalies', everyMs: ANOMALIES_EVERY_MS, read: (nowMs) => anomalies.read(nowMs), clock: systemClock, onError: (error) => log.error({ err: error }, 'operations could not be compared with what is usual; the next round tries again') },
  ];
}
