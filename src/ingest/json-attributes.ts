import { valueJson } from '../trace/attribute-json.js';
import type { Attribute, AttributeValue } from '../trace/attribute.js';
import { TOO_DEEP, type DecodeLimits } from './decode-limits.js';
import { DecodeTally } from './decode-tally.js';
import { cutText, type JsonObject, type JsonReader } from './json-reader.js';
import { setEntry, type ValueMap } from './value-map.js';

const MAX_INTERNED = 16_384;
const MAX_INTERNED_LENGTH = 256;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
const ONEOF = ['stringValue', 'boolValue', 'intValue', 'doubleValue', 'arrayValue', 'kvlistValue', 'bytesValue'] as const;

/** Reads KeyValue and AnyValue of OTLP/JSON, by the rules and limits of ProtobufAttributes. */
export class JsonAttributes {
  readonly #reader: JsonReader;
  readonly #limits: DecodeLimits;
  readonly #weightKey: string;
  readonly #interned = new Map<string, Attribute>();
  #tally = new DecodeTally();
  #keptInRequest = 0;
  #elements = 0;
  #integer = false;
  dropped = 0;
  weight: Attribute | undefined;

  constructor(reader: JsonReader, options: { readonly limits: DecodeLimits; readonly weightAttribute: string }) {
    this.#reader = reader;
    this.#limits = options.limits;
    this.#weightKey = options.weightAttribute;
  }

  beginRequest(tally: DecodeTally): void {
    this.#tally = tally;
    this.#keptInRequest = 0;
    if (this.#interned.size > MAX_INTERNED) this.#interned.clear();
  }

  /** Adds the attributes of `from` to `into`. Sets `dropped` and `weight`. */
  read(from: JsonObject, into: Attribute[]): void {
    const keys = new Set<string>();
    this.dropped = 0;
    this.weight = undefined;
    this.#reader.each(from, 'attributes', (item) => {
      if (this.#overLimit(keys.size)) return;
      const attribute = this.#attribute(item);
      if (keys.has(attribute.key)) {
        this.#tally.hit('duplicate-key');
        this.dropped += 1;
        return;
      }
      keys.add(attribute.key);
      if (attribute.key === this.#weightKey) this.weight = attribute;
      this.#keptInRequest += 1;
      into.push(attribute);
    });
  }

  #overLimit(kept: number): boolean {
    const perItem = kept >= this.#limits.attributesPerItem;
    if (!perItem && this.#keptInRequest < this.#limits.attributesPerRequest) return false;
    this.#tally.hit(perItem ? 'attributes-per-item' : 'attributes-per-request');
    this.dropped += 1;
    return true;
  }

  #attribute(item: JsonObject): Attribute {
    const key = this.text(item, 'key');
    const value = this.value(item, 'value');
    const attribute = { key, value, json: `${JSON.stringify(key)}:${valueJson(value)}`, isInteger: this.#integer };
    const mayIntern = (typeof value === 'string' || typeof value === 'boolean') && attribute.json.length <= MAX_INTERNED_LENGTH;
    if (!mayIntern) return attribute;
    const known = this.#interned.get(attribute.json);
    if (known !== undefined) return known;
    if (this.#interned.size <= MAX_INTERNED) this.#interned.set(attribute.json, attribute);
    return attribute;
  }

  /** A string field, cut where it is too long. */
  text(from: JsonObject, field: string): string {
    const text = this.#reader.text(from, field);
    const cut = cutText(text, this.#limits.stringBytes);
    if (cut !== text) this.#tally.hit('string-bytes');
    return cut;
  }

  /** An AnyValue field. */
  value(from: JsonObject, field: string): AttributeValue {
    this.#elements = 0;
    let value: AttributeValue = null;
    this.#integer = false;
    this.#reader.within(from, field, (any) => {
      value = this.#any(any, 0);
      this.#integer = oneOf(any) === 'intValue' && this.#reader.isInteger;
    });
    return value;
  }

  #any(any: JsonObject, depth: number): AttributeValue {
    const field = oneOf(any);
    switch (field) {
      case undefined: return null;
      case 'stringValue': return this.text(any, field);
      case 'boolValue': {
        const value = any[field];
        return typeof value === 'boolean' ? value : this.#reader.fail('is not true or false', field);
      }
      case 'intValue': return this.#reader.int64(any, field);
      case 'doubleValue': return this.#reader.double(any, field);
      case 'bytesValue': return this.#bytes(any);
      case 'arrayValue': case 'kvlistValue': return this.#nested(any, field, depth);
    }
  }

  #bytes(any: JsonObject): Uint8Array {
    const text = this.#reader.text(any, 'bytesValue');
    if (!BASE64.test(text)) return this.#reader.fail('is not base64', 'bytesValue');
    const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
    if (bytes.length <= this.#limits.stringBytes) return bytes;
    this.#tally.hit('string-bytes');
    return bytes.slice(0, this.#limits.stringBytes);
  }

  #nested(any: JsonObject, field: 'arrayValue' | 'kvlistValue', depth: number): AttributeValue {
    if (depth >= this.#limits.valueDepth) {
      this.#tally.hit('value-depth');
      return TOO_DEEP;
    }
    let value: AttributeValue = null;
    this.#reader.within(any, field, (list) => {
      value = field === 'arrayValue' ? this.#array(list, depth + 1) : this.#map(list, depth + 1);
    });
    return value;
  }

  #array(list: JsonObject, depth: number): AttributeValue[] {
    const values: AttributeValue[] = [];
    this.#reader.each(list, 'values', (item) => {
      if (this.#elementFits()) values.push(this.#any(item, depth));
    });
    return values;
  }

  #map(list: JsonObject, depth: number): ValueMap {
    const values: ValueMap = {};
    this.#reader.each(list, 'values', (item) => {
      if (!this.#elementFits()) return;
      const key = this.text(item, 'key');
      let value: AttributeValue = null;
      this.#reader.within(item, 'value', (any) => {
        value = this.#any(any, depth);
      });
      if (!setEntry(values, key, value)) this.#tally.hit('duplicate-key');
    });
    return values;
  }

  #elementFits(): boolean {
    this.#elements += 1;
    if (this.#elements <= this.#limits.elementsPerValue) return true;
    this.#tally.hit('elements-per-value');
    return false;
  }
}

function oneOf(any: JsonObject): (typeof ONEOF)[number] | undefined {
  return ONEOF.find((name) => any[name] !== undefined && any[name] !== null);
}
