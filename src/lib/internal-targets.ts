import { addressBytes, parseNetwork, type Network } from './ip-address.js';
import { err, ok, type Result } from './result.js';

interface AllowedHost {
  readonly host: string;
  /** Undefined: every port. */
  readonly port: string | undefined;
}

/** Entries of `allowInternalTargets`: `hooks.corp.example`, `10.1.2.3:8443`, `10.1.0.0/16`. */
export interface InternalTargets {
  readonly hosts: readonly AllowedHost[];
  readonly networks: readonly Network[];
}

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/;

/** Reads what an operator allows; the error names the first entry that is nothing. */
export function readInternalTargets(entries: readonly string[]): Result<InternalTargets, string> {
  const [hosts, networks]: [AllowedHost[], Network[]] = [[], []];
  for (const entry of entries.map((text) => text.trim().toLowerCase())) {
    const network = parseNetwork(entry);
    if (network !== undefined) {
      networks.push(network);
      continue;
    }
    const [, host, port] = addressBytes(entry)?.length === 16 ? [entry, `[${entry}]`] : HOST.exec(entry) ?? [];
    if (host === undefined) return err(`"${entry}" is no host, host:port or network like 10.1.0.0/16`);
    hosts.push({ host: host.replace(/^\[(.*)\]$/, '$1'), port });
  }
  return ok({ hosts, networks });
}
