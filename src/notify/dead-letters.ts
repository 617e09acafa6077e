import type { DeadLetter } from './outbox.js';

/** How many are listed: somebody must look at them one by one. */
export const DEAD_LETTERS_LISTED = 200;

/** What people may do about messages that were given up. */
export interface DeadLetters {
  /** Newest first, at most DEAD_LETTERS_LISTED. */
  list(): Promise<readonly DeadLetter[]>;
  /** Sends it again, now. */
  retry(id: string): Promise<RetryOutcome>;
}

export type RetryOutcome = 'retried' | 'not-found' | 'overtaken';

/** As the API lists it. Names are promises. */
export function deadLetterJson({ delivery, overtaken }: DeadLetter): Record<string, unknown> {
  const { id, incidentId, receiver, integration, transition, attempts, createdAtMs, lastError } = delivery;
  return {
    id, incident: incidentId, title: transition.incident.title, receiver, integration, news: transition.kind, createdAt: new Date(createdAtMs).toISOString(), attempts, error: lastError ?? null,
    overtaken, retryable: !overtaken,
  };
}

/** Why nothing was sent. */
export function refusalInWords(outcome: Exclude<RetryOutcome, 'retried'>, id: string): string {
  return outcome === 'not-found' ? `no message "${id.slice(0, 60)}" was given up` : 'its receiver has later news of the same incident by now, which this one would contradict';
}
