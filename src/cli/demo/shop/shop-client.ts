import { Redis } from 'ioredis';
import { setting } from './messages.js';
import { ShopError, type Caller } from './shop-server.js';

const CALL_TIMEOUT_MS = 5_000;

export interface Call {
  readonly service: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
}

/** Asks another service of the shop on the caller's behalf. Its failure is this service's failure; its 4xx goes back to the caller. */
export async function callService(caller: Caller, call: Call): Promise<Record<string, unknown>> {
  const response = await fetch(`${setting(`SHOP_${call.service.toUpperCase()}_URL`)}${call.path}`, {
    method: call.method,
    headers: { 'content-type': 'application/json', 'x-shop-region': caller.region, 'x-shop-tenant': caller.tenant },
    body: call.body === undefined ? null : JSON.stringify(call.body),
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  const answer = (await response.json()) as Record<string, unknown>;
  if (response.ok) return answer;
  const status = response.status < 500 ? response.status : 502;
  throw new ShopError('UpstreamError', `${call.service} answered ${response.status}: ${String(answer['error'])}`, status);
}

/** The shop's cache, by the ordinary Redis client. The small server behind it knows neither INFO nor CLIENT. */
export function connectCache(): Redis {
  const cache = new Redis(setting('SHOP_CACHE_URL'), { enableReadyCheck: false, disableClientInfo: true, maxRetriesPerRequest: 1 });
  cache.on('error', () => undefined);
  return cache;
}
