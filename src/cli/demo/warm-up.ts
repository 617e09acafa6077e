import { randomBytes } from 'node:crypto';
import { nextRequest, seededRandom } from './shop/traffic.js';

const REQUESTS_A_ROUND = 12;
const QUICK_MS = 120;
const QUICK_ROUNDS = 3;
const LIMIT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 10_000;

export interface WarmUpOptions {
  readonly signal: AbortSignal;
  readonly limitMs?: number;
}

/**
 * Visits the shop until it is quick: what a fresh process compiles and connects in its first seconds on a busy machine is
 * slow enough for a page, and the healthy act must have none. The visits say that they are not sampled (W3C Trace Context:
 * the last bit of `traceparent`), which every service of the shop respects, so that Tocsin never hears of them.
 */
export async function warmUp(frontUrl: string, { signal, limitMs = LIMIT_MS }: WarmUpOptions): Promise<void> {
  const random = seededRandom(7);
  const endMs = Date.now() + limitMs;
  for (let quick = 0; quick < QUICK_ROUNDS && Date.now() < endMs && !signal.aborted;) {
    const slowestMs = Math.max(...(await Promise.all(Array.from({ length: REQUESTS_A_ROUND }, () => visit(frontUrl, random, signal)))));
    quick = slowestMs <= QUICK_MS ? quick + 1 : 0;
  }
}

/** How long it took; a failure is as slow as can be. */
async function visit(frontUrl: string, random: () => number, signal: AbortSignal): Promise<number> {
  const { method, path, body, region, tenant } = nextRequest(random, []);
  const startMs = Date.now();
  try {
    const response = await fetch(`${frontUrl}${path}`, {
      method,
      headers: { 'content-type': 'application/json', 'x-shop-region': region, 'x-shop-tenant': tenant, traceparent: unsampled() },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
    });
    await response.arrayBuffer();
    return response.ok ? Date.now() - startMs : Infinity;
  } catch {
    return Infinity;
  }
}

function unsampled(): string {
  return `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-00`;
}
