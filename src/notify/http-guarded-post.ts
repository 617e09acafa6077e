import { lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { Agent, fetch } from 'undici';
import type { GuardedTarget, Resolver, UrlGuard } from './url-guard.js';

const TIMEOUT_MS = 5_000;

/** The system's resolver, as connections use it. */
export const systemResolver: Resolver = async (hostname) => (await lookup(hostname, { all: true })).map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));

/** Posts JSON to a URL that somebody else handed in. Undefined when it was taken, else why not. Redirects are not followed. */
export async function guardedPost(guard: UrlGuard, { url, body, timeoutMs = TIMEOUT_MS }: { readonly url: string; readonly body: unknown; readonly timeoutMs?: number }): Promise<string | undefined> {
  const checked = await guard.check(url);
  if (!checked.ok) return checked.error;
  const agent = new Agent({ connect: { lookup: pinned(checked.value) } });
  try {
    const answer = await fetch(checked.value.url, { method: 'POST', headers: { 'content-type': 'application/json', 'user-agent': 'Tocsin' }, body: JSON.stringify(body), redirect: 'manual', signal: AbortSignal.timeout(timeoutMs), dispatcher: agent });
    await answer.body?.cancel();
    return answer.ok ? undefined : `HTTP ${String(answer.status)}`;
  } catch (error) {
    return error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);
  } finally {
    await agent.destroy();
  }
}

/** Connections go to the addresses that were checked, whatever the name answers by now. For an address in digits nobody asks. */
function pinned({ addresses }: GuardedTarget): LookupFunction {
  return (_hostname, options, callback) => {
    const [first] = addresses;
    if (options.all === true) callback(null, addresses.map(({ address, family }) => ({ address, family })));
    else callback(null, first?.address ?? '', first?.family);
  };
}
