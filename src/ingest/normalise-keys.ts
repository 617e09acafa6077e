import { attributeOf } from '../trace/attribute-json.js';
import type { Attribute, AttributeValue } from '../trace/attribute.js';
import { GRPC_STATUS_NAMES, RENAMED_VALUES } from '../trace/renamed-attributes.js';
import { renamesOn, type Side } from '../trace/semantic-conventions.js';

/** What a key means for normalisation; a row's keys are or-ed together. */
export const KEY = {
  /** Has a newer name, or is one that only Tocsin may write. */
  old: 1,
  route: 2,
  template: 4,
  http: 8,
  /** Spans of these are no HTTP requests, whatever their names look like. */
  otherProtocol: 16,
  rpcService: 32,
} as const;

/** Attributes that Tocsin adds; those of senders under these names are dropped. */
export const OWN_KEYS = ['tocsin.route', 'tocsin.clock', 'tocsin.name.original'] as const;

/** One key that matters, with what the row at hand has under it. */
export class KnownKey {
  readonly key: string;
  flags = 0;
  /** By side: how to rename it; undefined where it stays. */
  readonly renames: Partial<Record<Side, Rename>> = {};
  /** Number of the row that has it last, and what it has. */
  seenIn = 0;
  attribute: Attribute | undefined;
  /** Number of the row in which an old name stands for it, which one, and what it becomes. */
  claimedIn = 0;
  claimRank = 0;
  claim: Attribute | undefined;

  constructor(key: string) {
    this.key = key;
  }
}

export class Rename {
  readonly target: KnownKey;
  /** Smaller wins where two old names have one new one. */
  readonly rank: number;
  readonly #oldKey: string;
  readonly #oldPrefix: number;
  readonly #newPrefix: string;
  readonly #memo = new AttributeMemo<Attribute>();

  constructor(oldKey: string, target: KnownKey, rank: number) {
    this.#oldKey = oldKey;
    this.#oldPrefix = JSON.stringify(oldKey).length;
    this.#newPrefix = JSON.stringify(target.key);
    this.target = target;
    this.rank = rank;
  }

  /** The attribute under its new name; undefined where its value does not fit there. */
  of(attribute: Attribute): Attribute | undefined {
    const known = this.#memo.get(attribute);
    if (known !== undefined) return known;
    const value = renamedValue(this.#oldKey, attribute.value);
    if (value === undefined) return undefined;
    const renamed = value === attribute.value
      // The value's JSON follows the key's; see Attribute.json.
      ? { key: this.target.key, value, json: this.#newPrefix + attribute.json.slice(this.#oldPrefix), isInteger: attribute.isInteger }
      : attributeOf(this.target.key, value);
    this.#memo.remember(attribute, renamed);
    return renamed;
  }
}

const MEMO_ENTRIES = 512;
/** Longer attributes do not repeat enough to be held on to. */
const MEMO_CHARACTERS = 512;
/** When full, so many misses are borne before it starts anew: keys whose values never repeat cost no inserts. */
const MEMO_PATIENCE = 32_768;

/** What interned attributes became, by their identity; bounded. */
export class AttributeMemo<Value> {
  readonly #known = new Map<Attribute, Value>();
  #misses = 0;

  get(attribute: Attribute): Value | undefined {
    return this.#known.get(attribute);
  }

  remember(attribute: Attribute, value: Value): void {
    if (this.#known.size >= MEMO_ENTRIES) {
      this.#misses += 1;
      if (this.#misses < MEMO_PATIENCE) return;
      this.#known.clear();
      this.#misses = 0;
    }
    if (attribute.json.length <= MEMO_CHARACTERS) this.#known.set(attribute, value);
  }
}

function renamedValue(oldKey: string, value: AttributeValue): AttributeValue | undefined {
  switch (oldKey) {
    case 'rpc.grpc.status_code':
      return typeof value === 'number' ? GRPC_STATUS_NAMES[value] : undefined;
    case 'rpc.jsonrpc.error_code': case 'messaging.kafka.destination.partition': case 'db.redis.database_index':
      if (typeof value === 'string') return value;
      return typeof value === 'number' || typeof value === 'bigint' ? String(value) : undefined;
    default: {
      const values = RENAMED_VALUES[oldKey];
      return typeof value === 'string' && values !== undefined && Object.hasOwn(values, value) ? values[value] : value;
    }
  }
}

/** Every key that normalisation looks at. One table a normaliser: it carries the state of the row at hand. */
export class KeyTable {
  /** Old names, in the order of their counters. */
  readonly oldNames: readonly string[];
  readonly #keys = new Map<string, KnownKey>();
  readonly #counters = new Map<string, number>();

  constructor() {
    for (const side of ['server', 'client', 'none'] as const) {
      let rank = 0;
      for (const [oldKey, newKey] of renamesOn(side)) {
        rank += 1;
        this.#old(oldKey).renames[side] = new Rename(oldKey, this.of(newKey), rank);
      }
    }
    for (const key of ['http.target', 'rpc.service']) this.#old(key);
    this.of('rpc.service').flags |= KEY.rpcService | KEY.otherProtocol;
    for (const key of OWN_KEYS) this.of(key).flags |= KEY.old;
    this.#mark(KEY.route, ['http.route']);
    this.#mark(KEY.template, ['url.template']);
    this.#mark(KEY.http, ['http.request.method', 'http.method', 'http.response.status_code', 'http.status_code', 'url.path', 'http.target', 'url.full', 'http.url']);
    this.#mark(KEY.otherProtocol, ['rpc.system.name', 'rpc.system', 'rpc.method', 'db.system.name', 'db.system', 'messaging.system']);
    this.oldNames = [...this.#counters.keys()];
  }

  find(key: string): KnownKey | undefined {
    return this.#keys.get(key);
  }

  of(key: string): KnownKey {
    let known = this.#keys.get(key);
    if (known === undefined) {
      known = new KnownKey(key);
      this.#keys.set(key, known);
    }
    return known;
  }

  /** Place of an old name among `oldNames`; undefined for others. */
  counterOf(key: string): number | undefined {
    return this.#counters.get(key);
  }

  #old(key: string): KnownKey {
    if (!this.#counters.has(key)) this.#counters.set(key, this.#counters.size);
    const known = this.of(key);
    known.flags |= KEY.old;
    return known;
  }

  #mark(flag: number, keys: readonly string[]): void {
    for (const key of keys) this.of(key).flags |= flag;
  }
}
