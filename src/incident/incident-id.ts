import type { IncidentId } from '../lib/ids.js';
import { stableHash } from '../lib/stable-hash.js';

const HASH_DIGITS = 4;

/**
 * `inc-20261120-030405-a1b2`: time of opening (UTC), then a hash of the key. Sortable, short enough to be read out on the phone,
 * and the same on every replay. `attempt` tells apart two keys that open in one second with one hash.
 */
export function incidentIdOf(key: string, nowMs: number, attempt = 0): IncidentId {
  const [date, time] = new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').split('T');
  const parts = attempt === 0 ? [key] : [key, String(attempt)];
  return `inc-${date ?? ''}-${time ?? ''}-${stableHash(parts, HASH_DIGITS)}` as IncidentId;
}
