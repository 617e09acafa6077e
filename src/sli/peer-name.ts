import type { Attribute } from '../trace/attribute.js';
import type { SpanBatch } from '../trace/span-batch.js';

const SYSTEM = ['db.system.name', 'db.system'];
/** Of one name for the other side, the earlier in this list wins. */
const DATABASE = ['db.namespace', 'db.name', 'server.address', 'peer.service', 'net.peer.name'];
const EXTERNAL = ['peer.service', 'server.address', 'net.peer.name', 'messaging.destination.name', 'network.peer.address'];
const KEYS = new Set([...SYSTEM, ...DATABASE, ...EXTERNAL]);

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
  return system === undefined ? { isDatabase: false, name: valueOf(found, EXTERNAL) ?? '' } : { isDatabase: true, name: valueOf(found, DATABASE) ?? system };
}

function valueOf(found: readonly Attribute[], keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = found.find((attribute) => attribute.key === key)?.value;
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}
