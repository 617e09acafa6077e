import { BlockList, isIP } from 'node:net';
import { err, ok, type Result } from './result.js';

interface AllowedHost {
  readonly host: string;
  /** Undefined: any. */
  readonly port: string | undefined;
}

/** Entries of `allowInternalTargets`: `hooks.corp.example`, `10.1.2.3:8443`, `10.1.0.0/16`. */
export interface InternalTargets {
  readonly hosts: readonly AllowedHost[];
  readonly networks: BlockList;
}

const NETWORK = /^(.+)\/(\d{1,3})$/;
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/;

/** Reads what an operator allows; the error names the first entry that is nothing. */
export function readInternalTargets(entries: readonly string[]): Result<InternalTargets, string> {
  const [hosts, networks]: [AllowedHost[], BlockList] = [[], new BlockList()];
  for (const entry of entries.map((text) => text.trim().toLowerCase())) {
    const [, network = '', prefix = ''] = NETWORK.exec(entry) ?? [];
    const family = isIP(network);
    if (network !== '' && family !== 0 && Number(prefix) <= (family === 4 ? 32 : 128)) {
      networks.addSubnet(network, Number(prefix), family === 4 ? 'ipv4' : 'ipv6');
      continue;
    }
    const [, host, port] = isIP(entry) === 6 ? [entry, `[${entry}]`] : HOST.exec(entry) ?? [];
    if (host === undefined) return err(`"${entry}" is no host, host:port or network like 10.1.0.0/16`);
    hosts.push({ host: host.replace(/^\[(.*)\]$/, '$1'), port });
  }
  return ok({ hosts, networks });
}
