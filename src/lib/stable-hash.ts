import { createHash } from 'node:crypto';

/**
 * SHA-256 over `parts`, each with its length in front, cut to `hexDigits`. The lengths keep ("ab", "c") and ("a", "bc") apart,
 * so a hash made today stays the hash of the same parts for ever.
 */
export function stableHash(parts: readonly string[], hexDigits = 16): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${String(Buffer.byteLength(part))}:`).update(part);
  return hash.digest('hex').slice(0, hexDigits);
}
