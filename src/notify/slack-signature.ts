import { createHmac, timingSafeEqual } from 'node:crypto';
import { MINUTE_MS, SECOND_MS } from '../lib/duration.js';

/** Slack's own window, in both directions (docs.slack.dev/authentication/verifying-requests-from-slack). */
export const SIGNATURE_WINDOW_MS = 5 * MINUTE_MS;
/** Requests that are remembered: nobody presses a thousand buttons in ten minutes. When it is full, nothing more is taken until it empties. */
const REMEMBERED_MAX = 1_000;

export interface SignedRequest {
  /** The bytes as they came: the signature is over these. */
  readonly body: Uint8Array;
  /** Header X-Slack-Request-Timestamp. */
  readonly timestamp: string | undefined;
  /** Header X-Slack-Signature. */
  readonly signature: string | undefined;
}

export type SignatureVerdict = 'genuine' | 'unsigned' | 'stale' | 'forged' | 'replayed' | 'too-many';

/** Tells requests of Slack from all others, and each of them once. */
export class SlackSignatures {
  readonly #secret: string;
  /** Signature to the moment from which on its timestamp is too old anyway. */
  readonly #seen = new Map<string, number>();

  constructor(secret: string) {
    this.#secret = secret;
  }

  verify({ body, timestamp = '', signature = '' }: SignedRequest, nowMs: number): SignatureVerdict {
    if (!/^\d{1,12}$/.test(timestamp) || signature === '') return 'unsigned';
    const sentMs = Number(timestamp) * SECOND_MS;
    if (Math.abs(nowMs - sentMs) > SIGNATURE_WINDOW_MS) return 'stale';
    const expected = Buffer.from(slackSignature(this.#secret, timestamp, body));
    const given = Buffer.from(signature);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'forged';
    for (const [seen, untilMs] of this.#seen) if (untilMs < nowMs) this.#seen.delete(seen);
    if (this.#seen.has(signature)) return 'replayed';
    if (this.#seen.size >= REMEMBERED_MAX) return 'too-many';
    this.#seen.set(signature, sentMs + SIGNATURE_WINDOW_MS);
    return 'genuine';
  }
}

/** `v0=` and the HMAC of `v0:timestamp:body`. */
export function slackSignature(secret: string, timestamp: string, body: Uint8Array): string {
  return `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex')}`;
}
