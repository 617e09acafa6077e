import { SECOND_MS } from '../lib/duration.js';
import type { IncidentId } from '../lib/ids.js';
import { stableHash } from '../lib/stable-hash.js';

const HASH_DIGITS = 4;

/**
 * `inc-20261120-030405-a1b2`: time of opening (UTC), then a hash of the key. Sortable, short enough to be read out on the phone,
 * and the same on every replay. The milliseconds tell apart an incident that was resolved and the one that opens anew in the same second,
 * `attempt` two keys that open at once with one hash.
 */
export function incidentIdOf(key: string, nowMs: number, attempt = 0): IncidentId {
  const [date, time] = new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').split('T');
  const milliseconds = nowMs % SECOND_MS;
  const parts = [key, ...(milliseconds === 0 ? [] : [`${milliseconds} ms`]), ...(attempt === 0 ? [] : [String(attempt)])];
  return `inc-${date ?? ''}-${time ?? ''}-${stableHash(parts, HASH_DIGITS)}` as IncidentId;
}
