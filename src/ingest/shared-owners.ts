import { createHash } from 'node:crypto';
import { attributesJson } from '../trace/attribute-json.js';
import type { Attribute } from '../trace/attribute.js';
import type { Resource, Scope } from '../trace/span-batch.js';
import type { DecodeLimits } from './decode-limits.js';
import type { DecodeTally } from './decode-tally.js';

/** Something that many rows share, with its place in the batch at hand. */
export interface Shared<Value> {
  readonly value: Value;
  batch: number;
  index: number;
}

/** The resources, or the scopes, of one batch, each once. */
export class SharedList<Value> {
  readonly values: Value[] = [];
  readonly #batch: number;

  /** `batch`: a number above 0 that no other batch of this decoder has. */
  constructor(batch: number) {
    this.#batch = batch;
  }

  indexOf(shared: Shared<Value>): number {
    if (shared.batch !== this.#batch) {
      shared.batch = this.#batch;
      shared.index = this.values.push(shared.value) - 1;
    }
    return shared.index;
  }
}

const MAX_RESOURCES = 4_096;
const MAX_SCOPES = 4_096;
const MAX_CHARACTERS = 8_388_608;
export const UNKNOWN_SERVICE = 'unknown_service';

/** Resources and scopes seen lately, one object for each distinct one; emptied between two requests when there are too many. */
export class SharedOwners {
  readonly #resources = new Map<string, Shared<Resource>>();
  readonly #scopes = new Map<string, Shared<Scope>>();
  #characters = 0;

  /** Call between two requests only: within one, equal resources must stay one object. Returns whether it forgot. */
  forgetIfFull(): boolean {
    if (this.#resources.size <= MAX_RESOURCES && this.#scopes.size <= MAX_SCOPES && this.#characters <= MAX_CHARACTERS) return false;
    this.#resources.clear();
    this.#scopes.clear();
    this.#characters = 0;
    return true;
  }

  resource(attributes: readonly Attribute[]): Shared<Resource> {
    const json = attributesJson(attributes);
    const known = this.#resources.get(json);
    if (known !== undefined) return known;
    const fresh = { value: resourceOf(attributes, json), batch: 0, index: 0 };
    this.#resources.set(json, fresh);
    this.#characters += json.length;
    return fresh;
  }

  scope(name: string, version: string, attributes: readonly Attribute[] = []): Shared<Scope> {
    const key = `${name.length}:${name}${version.length}:${version}${attributes.length === 0 ? '' : attributesJson(attributes)}`;
    const known = this.#scopes.get(key);
    if (known !== undefined) return known;
    const fresh = { value: { name, version, ...(attributes.length === 0 ? {} : { attributes }) }, batch: 0, index: 0 };
    this.#scopes.set(key, fresh);
    this.#characters += key.length;
    return fresh;
  }
}

/** Of a scope's attributes the first that may be kept beside each of its spans. */
export function fittingScope(attributes: readonly Attribute[], { scopeCharacters }: DecodeLimits, tally: DecodeTally): readonly Attribute[] {
  let characters = 0;
  const fitting = attributes.filter(({ json }) => (characters += json.length) <= scopeCharacters);
  if (fitting.length < attributes.length) tally.hit('scope-characters', attributes.length - fitting.length);
  return fitting;
}

function resourceOf(attributes: readonly Attribute[], json: string): Resource {
  const service = attributes.find((attribute) => attribute.key === 'service.name')?.value;
  return {
    attributes,
    serviceName: typeof service === 'string' && service !== '' ? service : UNKNOWN_SERVICE,
    json,
    id: createHash('sha1').update(json).digest().readBigUInt64BE(0),
  };
}
