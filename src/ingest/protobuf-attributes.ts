import { valueJson } from '../trace/attribute-json.js';
import type { Attribute, AttributeValue } from '../trace/attribute.js';
import { AttributeKeys, worthRemembering, type KnownKey } from './attribute-keys.js';
import { TOO_DEEP, type DecodeLimitName, type DecodeLimits } from './decode-limits.js';
import type { DecodeTally } from './decode-tally.js';
import { InternTable } from './intern-table.js';
import { setEntry, type ValueMap } from './value-map.js';
import { cutAt, type WireReader } from './wire-reader.js';

const KEY = 0x0a;
const VALUE = 0x12;
const ELEMENT = 0x0a;
const ANY = { string: 0x0a, bool: 0x10, int: 0x18, double: 0x21, array: 0x2a, map: 0x32, bytes: 0x3a } as const;

/** 16,384 attributes of up to 256 bytes: 4 MiB of keys, and at most a few times that of decoded values. */
const ATTRIBUTE_SLOTS = 16_384;
const ATTRIBUTE_BYTES = 256;
const STRING_SLOTS = 4_096;
const STRING_BYTES = 128;

/**
 * Decodes KeyValue and AnyValue. An attribute whose bytes were seen lately is the same object as before. Of attributes
 * with one key the first stays, as in the Collector's own lookups; the others count as dropped.
 */
export class ProtobufAttributes {
  readonly #reader: WireReader;
  readonly #limits: DecodeLimits;
  readonly #keys = new AttributeKeys();
  readonly #attributeTable = new InternTable(ATTRIBUTE_SLOTS, ATTRIBUTE_BYTES);
  readonly #attributes = new Array<Attribute | undefined>(ATTRIBUTE_SLOTS).fill(undefined);
  readonly #attributeKeys = new Array<KnownKey | undefined>(ATTRIBUTE_SLOTS).fill(undefined);
  readonly #stringTable = new InternTable(STRING_SLOTS, STRING_BYTES);
  readonly #strings = new Array<string>(STRING_SLOTS).fill('');
  readonly #weightKey: string;
  #tally: DecodeTally;
  #list = 0;
  #kept = 0;
  #keptInRequest = 0;
  #elements = 0;
  #integer = false;
  /** The string read last is printable ASCII without quotes and backslashes. */
  #plain = false;
  /** Limits were hit in the value at hand: it is not interned, so that they are counted every time. */
  #flawed = false;
  /** Attributes of the list at hand that were not kept. */
  dropped = 0;
  /** The attribute of the list at hand that says how the sender samples. */
  weight: Attribute | undefined;

  constructor(reader: WireReader, options: { readonly limits: DecodeLimits; readonly tally: DecodeTally; readonly weightAttribute: string }) {
    this.#reader = reader;
    this.#limits = options.limits;
    this.#tally = options.tally;
    this.#weightKey = options.weightAttribute;
  }

  beginRequest(tally: DecodeTally): void {
    this.#tally = tally;
    this.#keptInRequest = 0;
  }

  beginList(): void {
    if (this.#keys.full) this.#forget();
    this.#list = this.#keys.nextList();
    this.#kept = 0;
    this.dropped = 0;
    this.weight = undefined;
  }

  /** Attributes hold keys and keys hold the last list they were seen in: they go together. */
  #forget(): void {
    this.#keys.clear();
    this.#attributeTable.clear();
    this.#attributes.fill(undefined);
    this.#attributeKeys.fill(undefined);
  }

  /** Adds the KeyValue that lies between the reader's position and `end`. */
  add(into: Attribute[], end: number): void {
    const start = this.#reader.position;
    if (this.#overLimit()) {
      this.#reader.position = end;
      return;
    }
    const slot = this.#attributeTable.find(this.#reader, start, end);
    if (slot >= 0) {
      const key = this.#attributeKeys[slot]!;
      key.finds += 1;
      this.#reader.position = end;
      this.#keep(into, this.#attributes[slot]!, key);
    } else {
      this.#decode(into, start, end);
    }
  }

  #overLimit(): boolean {
    const perItem = this.#kept >= this.#limits.attributesPerItem;
    if (!perItem && this.#keptInRequest < this.#limits.attributesPerRequest) return false;
    this.#tally.hit(perItem ? 'attributes-per-item' : 'attributes-per-request');
    this.dropped += 1;
    return true;
  }

  #keep(into: Attribute[], attribute: Attribute, key: KnownKey): void {
    if (key.seenIn === this.#list) {
      this.#tally.hit('duplicate-key');
      this.dropped += 1;
      return;
    }
    key.seenIn = this.#list;
    if (attribute.key === this.#weightKey) this.weight = attribute;
    this.#kept += 1;
    this.#keptInRequest += 1;
    into.push(attribute);
  }

  #decode(into: Attribute[], start: number, end: number): void {
    let text = '';
    let value: AttributeValue = null;
    this.#elements = 0;
    this.#integer = false;
    this.#flawed = false;
    while (this.#reader.position < end) {
      const tag = this.#reader.tag();
      if (tag === KEY) text = this.interned(this.#reader.payload(end));
      else if (tag === VALUE) value = this.#anyValue(this.#reader.payload(end), 0);
      else this.#reader.skip(tag, end);
    }
    this.#reader.finish(end);
    const key = this.#keys.of(text);
    const attribute: Attribute = { key: key.text, value, json: key.prefix + this.#json(value), isInteger: this.#integer };
    const slot = this.#flawed || !worthRemembering(key) ? -1 : this.#attributeTable.claim(this.#reader, start, end);
    if (slot >= 0) {
      this.#attributes[slot] = attribute;
      this.#attributeKeys[slot] = key;
    }
    this.#keep(into, attribute, key);
  }

  /** JSON of the value just decoded; most strings need no escapes, and finding that out is cheaper than JSON.stringify. */
  #json(value: AttributeValue): string {
    if (typeof value === 'string') return this.#plain ? `"${value}"` : JSON.stringify(value);
    return valueJson(value);
  }

  /** A string that comes often: a name, a key, a version. */
  interned(end: number): string {
    const start = this.#reader.position;
    if (start === end) return '';
    const slot = this.#stringTable.find(this.#reader, start, end);
    if (slot >= 0) {
      this.#reader.position = end;
      return this.#strings[slot] ?? '';
    }
    const text = this.text(end);
    const fresh = this.#stringTable.claim(this.#reader, start, end);
    if (fresh >= 0) this.#strings[fresh] = text;
    return text;
  }

  /** The string between the reader's position and `end`, cut where it is too long. */
  text(end: number): string {
    const start = this.#reader.position;
    this.#reader.position = end;
    const cut = this.#cut(start, end, true);
    this.#plain = this.#reader.isPlain(start, cut);
    return this.#plain ? this.#reader.ascii(start, cut) : this.#reader.utf8(start, cut);
  }

  /** A single value, as log bodies have it. */
  value(end: number): AttributeValue {
    this.#elements = 0;
    return this.#anyValue(end, 0);
  }

  #cut(start: number, end: number, isText: boolean): number {
    if (end - start <= this.#limits.stringBytes) return end;
    this.#hit('string-bytes');
    return isText ? cutAt(this.#reader.bytes, start, this.#limits.stringBytes) : start + this.#limits.stringBytes;
  }

  #anyValue(end: number, depth: number): AttributeValue {
    const reader = this.#reader;
    let value: AttributeValue = null;
    while (reader.position < end) {
      const tag = reader.tag();
      switch (tag) {
        case ANY.string: value = this.text(reader.payload(end)); break;
        case ANY.bool: value = reader.varint() !== 0; break;
        case ANY.int: value = reader.int64(); break;
        case ANY.double: value = reader.view.getFloat64(reader.fixed(8, end), true); break;
        case ANY.array: value = this.#nested(reader.payload(end), depth, false); break;
        case ANY.map: value = this.#nested(reader.payload(end), depth, true); break;
        case ANY.bytes: value = this.#bytes(reader.payload(end)); break;
        default: reader.skip(tag, end); continue;
      }
      if (depth === 0) this.#integer = tag === ANY.int;
    }
    reader.finish(end);
    return value;
  }

  #bytes(end: number): Uint8Array {
    const start = this.#reader.position;
    this.#reader.position = end;
    return this.#reader.bytes.slice(start, this.#cut(start, end, false));
  }

  #nested(end: number, depth: number, isMap: boolean): AttributeValue {
    if (depth < this.#limits.valueDepth) return isMap ? this.#map(end, depth + 1) : this.#array(end, depth + 1);
    this.#hit('value-depth');
    this.#reader.position = end;
    return TOO_DEEP;
  }

  #array(end: number, depth: number): AttributeValue[] {
    const reader = this.#reader;
    const values: AttributeValue[] = [];
    while (reader.position < end) {
      const tag = reader.tag();
      if (tag !== ELEMENT) reader.skip(tag, end);
      else if (this.#elementFits()) values.push(this.#anyValue(reader.payload(end), depth));
      else reader.position = reader.payload(end);
    }
    reader.finish(end);
    return values;
  }

  #map(end: number, depth: number): ValueMap {
    const reader = this.#reader;
    const values: ValueMap = {};
    while (reader.position < end) {
      const tag = reader.tag();
      if (tag !== ELEMENT) reader.skip(tag, end);
      else if (this.#elementFits()) this.#entry(values, reader.payload(end), depth);
      else reader.position = reader.payload(end);
    }
    reader.finish(end);
    return values;
  }

  #entry(into: ValueMap, end: number, depth: number): void {
    const reader = this.#reader;
    let key = '';
    let value: AttributeValue = null;
    while (reader.position < end) {
      const tag = reader.tag();
      if (tag === KEY) key = this.interned(reader.payload(end));
      else if (tag === VALUE) value = this.#anyValue(reader.payload(end), depth);
      else reader.skip(tag, end);
    }
    reader.finish(end);
    if (!setEntry(into, key, value)) this.#hit('duplicate-key');
  }

  #elementFits(): boolean {
    this.#elements += 1;
    if (this.#elements <= this.#limits.elementsPerValue) return true;
    this.#hit('elements-per-value');
    return false;
  }

  #hit(limit: DecodeLimitName): void {
    this.#flawed = true;
    this.#tally.hit(limit);
  }
}
