import { fetch as dispatchedFetch, type Dispatcher } from 'undici';
import type { DeliveryResult } from './delivery.js';
import { shorten } from './slack-mrkdwn.js';

/** A receiver that needs longer should take the message and work afterwards. */
export const HTTP_TIMEOUT_MS = 10_000;
const REASON_BODY_MAX = 200;
/** Of an error's body: enough for the reason, never enough to hurt. */
const ERROR_BODY_BYTES_MAX = 4_096;

export interface HttpPost {
  /** POST where it is left out. */
  readonly method?: 'POST' | 'PUT';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number | undefined;
  /** Connections other than the system's. */
  readonly dispatcher?: Dispatcher | undefined;
  readonly nowMs: number;
}

/** One request, and what its answer means for the delivery. Redirects are not followed: they would take secrets along. */
export async function postForDelivery({ method = 'POST', url, headers, body, timeoutMs = HTTP_TIMEOUT_MS, nowMs, dispatcher }: HttpPost): Promise<DeliveryResult> {
  try {
    // The signal also covers a body that comes drop by drop.
    const signal = AbortSignal.timeout(timeoutMs);
    const request = { method, headers: { 'user-agent': 'Tocsin', 'content-type': 'application/json', ...headers }, body, redirect: 'manual', signal } as const;
    // A dispatcher and its fetch must be of one version of undici; Node's own fetch is of another.
    const response = dispatcher === undefined ? await fetch(url, request) : ((await dispatchedFetch(url, { ...request, dispatcher })) as unknown as Response);
    return await resultOf(response, nowMs);
  } catch (error) {
    return { kind: 'retryable', reason: reasonOf(error, timeoutMs), retryAfterMs: undefined, ambiguous: true };
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
