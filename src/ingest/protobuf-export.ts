import type { Attribute } from '../trace/attribute.js';
import type { Resource, Scope } from '../trace/span-batch.js';
import type { DecodeLimits } from './decode-limits.js';
import type { DecodeTally } from './decode-tally.js';
import { InternTable } from './intern-table.js';
import { ProtobufAttributes } from './protobuf-attributes.js';
import { fittingScope, SharedList, SharedOwners, type Shared } from './shared-owners.js';
import { WireReader } from './wire-reader.js';

/** The three levels that traces and logs have in common: request → resource → scope → items, with equal field numbers. */
const FIELD_1 = 0x0a;
const FIELD_2 = 0x12;
const FIELD_3 = 0x1a;

const RESOURCE_SLOTS = 512;
const RESOURCE_BYTES = 2_048;
const SCOPE_SLOTS = 512;
const SCOPE_BYTES = 256;

/** The columns that the levels above an item fill. */
export interface OwnedRows {
  /** Rows kept so far. */
  readonly row: number;
  readonly resourceIndex: Uint32Array;
  readonly scopeIndex: Uint32Array;
}

/** Walks an export request of one signal and fills in resource and scope; what an item is, its caller knows. */
export class ProtobufExport {
  readonly reader = new WireReader();
  readonly attributes: ProtobufAttributes;
  readonly #owners = new SharedOwners();
  readonly #resourceTable = new InternTable(RESOURCE_SLOTS, RESOURCE_BYTES);
  readonly #resources = new Array<Shared<Resource> | undefined>(RESOURCE_SLOTS).fill(undefined);
  readonly #scopeTable = new InternTable(SCOPE_SLOTS, SCOPE_BYTES);
  readonly #scopes = new Array<Shared<Scope> | undefined>(SCOPE_SLOTS).fill(undefined);
  readonly #limits: DecodeLimits;
  #tally: DecodeTally;
  #batch = 0;

  constructor(options: { readonly limits: DecodeLimits; readonly tally: DecodeTally; readonly weightAttribute: string }) {
    this.attributes = new ProtobufAttributes(this.reader, options);
    this.#limits = options.limits;
    this.#tally = options.tally;
  }

  /** Loads the bytes and counts the items in them, so that columns can be made of the right size. */
  begin(bytes: Uint8Array, tally: DecodeTally): number {
    this.reader.load(bytes);
    this.attributes.beginRequest(tally);
    this.#tally = tally;
    if (this.#owners.forgetIfFull()) this.#forget();
    this.#batch += 1;
    const count = this.#count(bytes.length, 0);
    this.reader.position = 0;
    return count;
  }

  #forget(): void {
    this.#resourceTable.clear();
    this.#resources.fill(undefined);
    this.#scopeTable.clear();
    this.#scopes.fill(undefined);
  }

  /** Items below the message that ends at `end`; level 0 is the request, 2 is a scope. */
  #count(end: number, level: number): number {
    const reader = this.reader;
    const child = level === 0 ? FIELD_1 : FIELD_2;
    let count = 0;
    while (reader.position < end) {
      const tag = reader.tag();
      if (tag !== child) reader.skip(tag, end);
      else if (level < 2) count += this.#count(reader.payload(end), level + 1);
      else {
        reader.position = reader.payload(end);
        count += 1;
      }
    }
    reader.finish(end);
    return count;
  }

  /** Calls `item` with the end of each item, the reader standing at its start. */
  walk(rows: OwnedRows, item: (end: number) => void): { resources: readonly Resource[]; scopes: readonly Scope[] } {
    const reader = this.reader;
    const resources = new SharedList<Resource>(this.#batch);
    const scopes = new SharedList<Scope>(this.#batch);
    const end = reader.bytes.length;
    while (reader.position < end) {
      const tag = reader.tag();
      if (tag !== FIELD_1) {
        reader.skip(tag, end);
        continue;
      }
      const firstRow = rows.row;
      const resource = this.#ofResource(reader.payload(end), { rows, scopes, item });
      if (rows.row > firstRow) rows.resourceIndex.fill(resources.indexOf(resource ?? this.#owners.resource([])), firstRow, rows.row);
    }
    return { resources: resources.values, scopes: scopes.values };
  }

  /** A resource may stand behind its spans: protobuf promises no order. */
  #ofResource(end: number, sink: Sink): Shared<Resource> | undefined {
    const reader = this.reader;
    let resource: Shared<Resource> | undefined;
    while (reader.position < end) {
      const tag = reader.tag();
      if (tag === FIELD_1) resource = this.#resource(reader.payload(end));
      else if (tag === FIELD_2) this.#ofScope(reader.payload(end), sink);
      else reader.skip(tag, end);
    }
    return resource;
  }

  #ofScope(end: number, { rows, scopes, item }: Sink): void {
    const reader = this.reader;
    const firstRow = rows.row;
    let scope: Shared<Scope> | undefined;
    while (reader.position < end) {
      const tag = reader.tag();
      if (tag === FIELD_2) item(reader.payload(end));
      else if (tag === FIELD_1) scope = this.#scope(reader.payload(end));
      else reader.skip(tag, end);
    }
    if (rows.row > firstRow) rows.scopeIndex.fill(scopes.indexOf(scope ?? this.#owners.scope('', '')), firstRow, rows.row);
  }

  #resource(end: number): Shared<Resource> {
    const { reader, attributes } = this;
    const start = reader.position;
    const slot = this.#resourceTable.find(reader, start, end);
    if (slot >= 0) {
      reader.position = end;
      return this.#resources[slot]!;
    }
    const list: Attribute[] = [];
    attributes.beginList();
    while (reader.position < end) {
      const tag = reader.tag();
      if (tag === FIELD_1) attributes.add(list, reader.payload(end));
      else reader.skip(tag, end);
    }
    reader.finish(end);
    const shared = this.#owners.resource(list);
    const fresh = attributes.dropped > 0 ? -1 : this.#resourceTable.claim(reader, start, end);
    if (fresh >= 0) this.#resources[fresh] = shared;
    return shared;
  }

  #scope(end: number): Shared<Scope> {
    const { reader, attributes } = this;
    const start = reader.position;
    const slot = this.#scopeTable.find(reader, start, end);
    if (slot >= 0) {
      reader.position = end;
      return this.#scopes[slot]!;
    }
    let name = '';
    let version = '';
    const list: Attribute[] = [];
    attributes.beginList();
    while (reader.position < end) {
      const tag = reader.tag();
      if (tag === FIELD_1) name = attributes.interned(reader.payload(end));
      else if (tag === FIELD_2) version = attributes.interned(reader.payload(end));
      else if (tag === FIELD_3) attributes.add(list, reader.payload(end));
      else reader.skip(tag, end);
    }
    reader.finish(end);
    const fitting = fittingScope(list, this.#limits, this.#tally);
    const shared = this.#owners.scope(name, version, fitting);
    const fresh = attributes.dropped > 0 || fitting.length < list.length ? -1 : this.#scopeTable.claim(reader, start, end);
    if (fresh >= 0) this.#scopes[fresh] = shared;
    return shared;
  }
}

interface Sink {
  readonly rows: OwnedRows;
  readonly scopes: SharedList<Scope>;
  readonly item: (end: number) => void;
}
