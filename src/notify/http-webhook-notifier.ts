import type { Clock } from '../lib/clock.js';
import { systemClock } from '../lib/system-clock.js';
import { shorten } from './slack-mrkdwn.js';
import type { DeliveryResult, Notification, Notifier } from './delivery.js';
import { standardWebhookHeaders } from './standard-webhooks.js';
import { webhookBody } from './webhook-body.js';

/** A receiver that needs longer should take the message and work afterwards. */
const TIMEOUT_MS = 10_000;
const REASON_BODY_MAX = 200;
/** Of an error's body: enough for the reason, never enough to hurt. */
const ERROR_BODY_BYTES_MAX = 4_096;

export interface WebhookNotifierOptions {
  readonly url: string;
  /** 0: all. */
  readonly maxAlerts: number;
  /** Value of the header Authorization. */
  readonly authorization?: string;
  /** Bytes of the Standard Webhooks secret. */
  readonly secret?: Uint8Array;
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

/** Posts Alertmanager's body. A repeat after an unknown outcome carries the same `webhook-id`, so receivers can drop it. */
export class HttpWebhookNotifier implements Notifier {
  readonly #options: WebhookNotifierOptions;

  constructor(options: WebhookNotifierOptions) {
    this.#options = options;
  }

  async notify(notification: Notification): Promise<DeliveryResult> {
    const { url, maxAlerts, timeoutMs = TIMEOUT_MS } = this.#options;
    const body = JSON.stringify(webhookBody(notification, maxAlerts));
    try {
      // The signal also covers a body that comes drop by drop.
      const signal = AbortSignal.timeout(timeoutMs);
      const response = await fetch(url, { method: 'POST', headers: this.#headers(notification, body), body, redirect: 'manual', signal });
      return await resultOf(response, this.#now());
    } catch (error) {
      return { kind: 'retryable', reason: reasonOf(error, timeoutMs), retryAfterMs: undefined, ambiguous: true };
    }
  }

  #headers({ delivery }: Notification, body: string): Record<string, string> {
    const { authorization, secret } = this.#options;
    return {
      'content-type': 'application/json',
      'user-agent': 'Tocsin',
      ...standardWebhookHeaders({ id: delivery.id, timestampSeconds: Math.floor(this.#now() / 1_000), body }, secret),
      ...(authorization === undefined ? {} : { authorization }),
    };
  }

  #now(): number {
    return (this.#options.clock ?? systemClock).nowMs();
  }
}

async function resultOf(response: Response, nowMs: number): Promise<DeliveryResult> {
  const { status } = response;
  if (status >= 200 && status < 300) {
    await response.body?.cancel();
    return { kind: 'delivered', receipt: { status: String(status) } };
  }
  if (status >= 300 && status < 400) {
    await response.body?.cancel();
    return { kind: 'rejected', reason: `HTTP ${String(status)}: redirects are not followed; write the final address${locationOf(response)} into routing.yaml` };
  }
  const said = await firstWords(response);
  const reason = `HTTP ${String(status)}${said === '' ? '' : `: ${said}`}`;
  if (status === 408 || status === 425 || status === 429 || status >= 500) return { kind: 'retryable', reason, retryAfterMs: retryAfterMs(response, nowMs) };
  return { kind: 'rejected', reason: status === 410 ? `${reason} (gone: this receiver does not want messages any more)` : reason };
}

function locationOf(response: Response): string {
  const location = response.headers.get('location');
  return location === null ? '' : ` (${shorten(location, REASON_BODY_MAX)})`;
}

/** Seconds or a date, as RFC 9110 has it. How long is too long is the retry policy's to say. */
function retryAfterMs(response: Response, nowMs: number): number | undefined {
  const header = response.headers.get('retry-after');
  if (header === null) return undefined;
  const waitMs = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - nowMs;
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : undefined;
}

/** An answer is an answer, also when its body never ends: the reason is worth some bytes, not the outcome. */
async function firstWords(response: Response): Promise<string> {
  const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader();
  if (reader === undefined) return '';
  const chunks: Uint8Array[] = [];
  try {
    for (let size = 0; size < ERROR_BODY_BYTES_MAX;) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      size += value.length;
    }
  } catch {
    // Cut off: what came is enough.
  }
  await reader.cancel().catch(() => undefined);
  return shorten(Buffer.concat(chunks).toString('utf8').replaceAll(/\s+/g, ' ').trim(), REASON_BODY_MAX);
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${String(timeoutMs / 1_000)} s`;
  const cause = error.cause instanceof Error ? error.cause.message : '';
  return cause === '' ? error.message : `${error.message}: ${cause}`;
}
