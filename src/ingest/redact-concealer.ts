import { createHmac } from 'node:crypto';
import type { RedactionMode } from '../config/redaction.js';
import { HASH_PREFIX, isConcealed, MASK } from './detect-concealed.js';
import type { Concealer } from './detect-concealed.js';

/** 64 bits: of a million different values two are equal with a chance of one in 30 million. */
const HASH_DIGITS = 16;
const MAX_KNOWN = 8_192;
const MAX_KNOWN_LENGTH = 256;

/** Below this a key could be guessed; 32 random bytes are usual. */
export const MIN_HASH_KEY_BYTES = 16;

/** `drop` masks what cannot be dropped: a piece of a text. */
export function concealerFor(mode: RedactionMode, hashKey: Uint8Array | undefined): Concealer {
  if (mode !== 'hash' || hashKey === undefined) return { conceal: (_secret, shape = MASK) => shape };
  const hash = keyedHash(hashKey);
  return { conceal: (secret) => (isConcealed(secret) ? secret : hash(secret)) };
}

/** HMAC-SHA-256, cut: without the key nobody can try values until one fits, and a new key makes all old hashes meaningless. */
function keyedHash(key: Uint8Array): (secret: string) => string {
  const known = new Map<string, string>();
  return (secret) => {
    const before = known.get(secret);
    if (before !== undefined) return before;
    const hash = HASH_PREFIX + createHmac('sha256', key).update(secret).digest('hex').slice(0, HASH_DIGITS);
    if (known.size >= MAX_KNOWN) known.clear();
    // A copy: what was cut out of a text keeps the whole text alive.
    if (secret.length <= MAX_KNOWN_LENGTH) known.set(Buffer.from(secret).toString(), hash);
    return hash;
  };
}
