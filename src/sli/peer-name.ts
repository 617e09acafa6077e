import type { Attribute } from '../trace/attribute.js';
import type { SpanBatch } from '../trace/span-batch.js';

const SYSTEM = ['db.system.name', 'db.system'];
/** Of one name for the other side, the earlier in this list wins. */
const NAMESPACE = ['db.namespace', 'db.name'];
const ADDRESS = ['server.address', 'peer.service', 'net.peer.name'];
const PORT = ['server.port', 'net.peer.port'];
const EXTERNAL = ['peer.service', 'server.address', 'net.peer.name', 'messaging.destination.name', 'network.peer.address'];
const KEYS = new Set([...SYSTEM, ...NAMESPACE, ...ADDRESS, ...PORT, ...EXTERNAL]);
const IP_ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[?[0-9a-f]*:[0-9a-f:.]*\]?)$/i;
const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|\[?::1\]?|localhost)$/i;
/** Redis numbers its databases: `0` is no name. */
const NUMBER = /^\d+$/;

/** What a client's span says about the other side. */
export interface Peer {
  readonly isDatabase: boolean;
  /** Empty where it says nothing. */
  readonly name: string;
}

const NOBODY: Peer = { isDatabase: false, name: '' };

/** Reads the attributes of one row; most have at most two of the keys. */
export function peerOf(batch: SpanBatch, row: number): Peer {
  let found: Attribute[] | undefined;
  for (let index = batch.attributeStart[row]!; index < batch.attributeStart[row + 1]!; index += 1) {
    const attribute = batch.attributes[index]!;
    if (KEYS.has(attribute.key)) (found ??= []).push(attribute);
  }
  if (found === undefined) return NOBODY;
  const system = valueOf(found, SYSTEM);
  return system === undefined ? { isDatabase: false, name: externalName(found) } : { isDatabase: true, name: databaseName(found, system) };
}

/** `orders`, `redis.shop.svc`, `redis 10.0.3.17:6379`, `redis :6379` of the same machine: of an address alone nobody knows what is there. */
function databaseName(found: readonly Attribute[], system: string): string {
  const namespace = valueOf(found, NAMESPACE);
  if (namespace !== undefined && !NUMBER.test(namespace)) return namespace;
  const address = valueOf(found, ADDRESS);
  if (address === undefined) return system;
  if (LOOPBACK.test(address)) return [system, portOf(found)].filter((part) => part !== '').join(' ');
  return IP_ADDRESS.test(address) ? `${system} ${address}${portOf(found)}` : address;
}

/** What listens beside others at one address is told by its port. */
function externalName(found: readonly Attribute[]): string {
  const name = valueOf(found, EXTERNAL) ?? '';
  return LOOPBACK.test(name) ? `${name}${portOf(found)}` : name;
}

/** `:6379`; empty where it is not said. */
function portOf(found: readonly Attribute[]): string {
  const port = found.find(({ key, value }) => PORT.includes(key) && value !== '')?.value;
  return typeof port === 'string' || typeof port === 'number' || typeof port === 'bigint' ? `:${port}` : '';
}

function valueOf(found: readonly Attribute[], keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = found.find((attribute) => attribute.key === key)?.value;
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}
