import { createHmac } from 'node:crypto';
import { err, ok, type Result } from '../lib/result.js';

/** Standard Webhooks 1.0.0: secrets have 24 to 64 bytes. */
const SECRET_BYTES_MIN = 24;
const SECRET_BYTES_MAX = 64;
const PREFIX = 'whsec_';

/** Bytes of a secret as Standard Webhooks writes it: `whsec_` and base64. */
export function readWebhookSecret(text: string): Result<Uint8Array, string> {
  const trimmed = text.trim();
  const encoded = trimmed.startsWith(PREFIX) ? trimmed.slice(PREFIX.length) : undefined;
  if (encoded === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return err('a webhook secret is "whsec_" followed by base64');
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length < SECRET_BYTES_MIN || bytes.length > SECRET_BYTES_MAX) return err(`a webhook secret has ${String(SECRET_BYTES_MIN)} to ${String(SECRET_BYTES_MAX)} bytes, this one has ${String(bytes.length)}`);
  return ok(new Uint8Array(bytes));
}

export interface SignedMessage {
  /** The same on every retry, so that the receiver can tell a repeat. Holds no dot: the signature is over `id.timestamp.body`. */
  readonly id: string;
  readonly timestampSeconds: number;
  readonly body: string;
}

/** Id and time go with every webhook; the signature with a secret. */
export function standardWebhookHeaders({ id, timestampSeconds, body }: SignedMessage, secret: Uint8Array | undefined): Record<string, string> {
  const headers = { 'webhook-id': id, 'webhook-timestamp': String(timestampSeconds) };
  if (secret === undefined) return headers;
  const signature = createHmac('sha256', secret).update(`${id}.${String(timestampSeconds)}.${body}`).digest('base64');
  return { ...headers, 'webhook-signature': `v1,${signature}` };
}
