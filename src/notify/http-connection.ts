import { readFileSync } from 'node:fs';
import { Agent, ProxyAgent, type Dispatcher } from 'undici';
import type { HttpConnection } from './receiver-configs.js';

/** What a connection needs beyond the system's own: read anew for every message, so that renewed certificates count at once. */
export interface ConnectionSecrets {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

export function readConnection({ caFile, certFile, keyFile }: HttpConnection): ConnectionSecrets {
  const read = (file: string | undefined): string | undefined => (file === undefined ? undefined : readFileSync(file, 'utf8'));
  return { ca: read(caFile), cert: read(certFile), key: read(keyFile) };
}

/** Connections with certificates of their own, or through a proxy. */
export function dispatcherOf({ serverName, isInsecure, proxyUrl }: HttpConnection, { ca, cert, key }: ConnectionSecrets): Dispatcher {
  const tls = {
    rejectUnauthorized: !isInsecure, ...(serverName === undefined ? {} : { servername: serverName }), ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }),
  };
  return proxyUrl === undefined ? new Agent({ connect: tls }) : new ProxyAgent({ uri: proxyUrl, requestTls: tls });
}
