import { isInternalAddress } from '../lib/internal-address.js';
import { addressBytes, isWithin } from '../lib/ip-address.js';
import type { InternalTargets } from '../lib/internal-targets.js';
import { err, ok, type Result } from '../lib/result.js';

export interface ResolvedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** All addresses of a name. */
export type Resolver = (hostname: string) => Promise<readonly ResolvedAddress[]>;

/** A URL that may be asked, with the only addresses at which it may be. */
export interface GuardedTarget {
  readonly url: URL;
  readonly addresses: readonly ResolvedAddress[];
}

/**
 * Lets through a URL that somebody else handed in only where it leads to the public internet, or to what the operator allows. Every address of
 * its name is looked at, and whoever asks must use these addresses and no others: a name that answers otherwise the next time changes nothing.
 */
export class UrlGuard {
  readonly #allowed: InternalTargets;
  readonly #resolve: Resolver;

  constructor(allowed: InternalTargets, resolve: Resolver) {
    this.#allowed = allowed;
    this.#resolve = resolve;
  }

  async check(text: string): Promise<Result<GuardedTarget, string>> {
    if (!URL.canParse(text)) return err('it is not a URL');
    // WHATWG's parser has turned 0x7f.1, 2130706433 and 0177.0.0.1 into digits and dots by now.
    const url = new URL(text);
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
    if (url.protocol !== 'https:' && url.protocol !== 'http:') return err(`${url.protocol} is neither https nor http`);
    if (url.username !== '' || url.password !== '') return err('it holds a user name or a password');
    const isAllowed = this.#allows(host, url);
    if (url.protocol === 'http:' && !isAllowed) return err('it is not https');
    const addresses = await this.#addressesOf(host);
    if (addresses.length === 0) return err(`${host} has no address`);
    const internal = isAllowed ? undefined : addresses.find(({ address }) => isInternalAddress(address) && !this.#isInAllowedNetwork(address));
    return internal === undefined ? ok({ url, addresses }) : err(`${host} leads to ${internal.address}, which is not on the public internet (allowInternalTargets)`);
  }

  async #addressesOf(host: string): Promise<readonly ResolvedAddress[]> {
    const bytes = addressBytes(host);
    if (bytes !== undefined) return [{ address: host, family: bytes.length === 4 ? 4 : 6 }];
    try {
      return await this.#resolve(host);
    } catch {
      return [];
    }
  }

  #isInAllowedNetwork(address: string): boolean {
    const bytes = addressBytes(address);
    return bytes !== undefined && this.#allowed.networks.some((network) => isWithin(bytes, network));
  }

  #allows(host: string, url: URL): boolean {
    const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
    return this.#allowed.hosts.some((allowed) => allowed.host === host && (allowed.port === undefined || allowed.port === port));
  }
}
