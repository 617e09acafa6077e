/** What stands in a text where a secret was. */
export interface Concealer {
  /**
   * `secret` in one canonical spelling, so that equal secrets written differently become equal; `shape` is what a mask may show
   * of it, `****` where nothing.
   */
  conceal(secret: string, shape?: string): string;
}

/** What a mask leaves of a secret. */
export const MASK = '****';
/** A keyed hash is this and 16 hex digits. */
export const HASH_PREFIX = 'hmac:';

const CONCEALED = /^(?:\*{4}|hmac:[0-9a-f]{16})/;

/**
 * Whether a value begins with what a concealer wrote: it is left alone, so that redacting twice is redacting once, also where
 * something that did not belong to the secret stands directly behind it.
 */
export function isConcealed(text: string): boolean {
  return (text.startsWith(MASK) || text.startsWith(HASH_PREFIX)) && CONCEALED.test(text);
}

/**
 * Before a number or a key: no letter or digit, unless those belong to an escape (`\n` in JSON, `%20` in a URL).
 * Source text of a regular expression.
 */
export const BEFORE = '(?:(?<![0-9A-Za-z])|(?<=\\\\[bfnrt])|(?<=%[0-9A-Fa-f]{2}))';
