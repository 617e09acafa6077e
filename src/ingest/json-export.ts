import type { Attribute } from '../trace/attribute.js';
import type { Resource, Scope } from '../trace/span-batch.js';
import type { DecodeLimits } from './decode-limits.js';
import type { DecodeTally } from './decode-tally.js';
import { JsonAttributes } from './json-attributes.js';
import { isObject, JsonReader, type JsonObject } from './json-reader.js';
import type { OwnedRows } from './protobuf-export.js';
import { fittingScope, SharedList, SharedOwners, type Shared } from './shared-owners.js';

/** What the levels of a request are called in one signal. */
export interface LevelNames {
  readonly resources: 'resourceSpans' | 'resourceLogs';
  readonly scopes: 'scopeSpans' | 'scopeLogs';
  readonly items: 'spans' | 'logRecords';
}

const HEX = /^[0-9a-fA-F]*$/;

/** Walks a parsed export request of one signal, as ProtobufExport walks bytes. */
export class JsonExport {
  readonly reader = new JsonReader();
  readonly attributes: JsonAttributes;
  readonly #owners = new SharedOwners();
  readonly #names: LevelNames;
  readonly #limits: DecodeLimits;
  #batch = 0;

  constructor(names: LevelNames, options: { readonly limits: DecodeLimits; readonly weightAttribute: string }) {
    this.#names = names;
    this.#limits = options.limits;
    this.attributes = new JsonAttributes(this.reader, options);
  }

  /** Items of a request; what is not a list counts as none here and is an error in `walk`. */
  count(request: JsonObject): number {
    let count = 0;
    for (const resource of listOf(request, this.#names.resources)) {
      for (const scope of listOf(resource, this.#names.scopes)) count += listOf(scope, this.#names.items).length;
    }
    return count;
  }

  walk(request: JsonObject, sink: { readonly rows: OwnedRows; readonly tally: DecodeTally; readonly item: (item: JsonObject) => void }): { resources: readonly Resource[]; scopes: readonly Scope[] } {
    const { rows } = sink;
    this.#owners.forgetIfFull();
    this.reader.beginRequest();
    this.attributes.beginRequest(sink.tally);
    this.#batch += 1;
    const resources = new SharedList<Resource>(this.#batch);
    const scopes = new SharedList<Scope>(this.#batch);
    this.reader.each(request, this.#names.resources, (ofResource) => {
      const firstOfResource = rows.row;
      const resource = this.#resource(ofResource);
      this.reader.each(ofResource, this.#names.scopes, (ofScope) => {
        const firstOfScope = rows.row;
        const scope = this.#scope(ofScope, sink.tally);
        this.reader.each(ofScope, this.#names.items, sink.item);
        if (rows.row > firstOfScope) rows.scopeIndex.fill(scopes.indexOf(scope), firstOfScope, rows.row);
      });
      if (rows.row > firstOfResource) rows.resourceIndex.fill(resources.indexOf(resource), firstOfResource, rows.row);
    });
    return { resources: resources.values, scopes: scopes.values };
  }

  #resource(from: JsonObject): Shared<Resource> {
    const list: Attribute[] = [];
    this.reader.within(from, 'resource', (resource) => this.attributes.read(resource, list));
    return this.#owners.resource(list);
  }

  #scope(from: JsonObject, tally: DecodeTally): Shared<Scope> {
    const list: Attribute[] = [];
    let scope = { name: '', version: '' };
    this.reader.within(from, 'scope', (object) => {
      scope = { name: this.attributes.text(object, 'name'), version: this.attributes.text(object, 'version') };
      this.attributes.read(object, list);
    });
    return this.#owners.scope(scope.name, scope.version, fittingScope(list, this.#limits, tally));
  }

  /** Writes a hex id into `column` and returns its length in bytes; -1 where it is not hex. */
  id(from: JsonObject, field: string, target: { readonly column: Uint8Array; readonly offset: number; readonly size: number }): number {
    const text = this.reader.text(from, field);
    if (!HEX.test(text) || text.length % 2 === 1) return -1;
    const length = text.length / 2;
    if (length !== target.size) return length;
    for (let index = 0; index < length; index += 1) {
      target.column[target.offset + index] = Number.parseInt(text.slice(index * 2, index * 2 + 2), 16);
    }
    return length;
  }
}

function listOf(value: unknown, field: string): readonly unknown[] {
  const list = isObject(value) ? value[field] : undefined;
  return Array.isArray(list) ? (list as readonly unknown[]) : [];
}
