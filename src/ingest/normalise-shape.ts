import type { Attribute } from '../trace/attribute.js';
import type { Side } from '../trace/semantic-conventions.js';
import { KEY, type KeyTable, type KnownKey, type Rename } from './normalise-keys.js';

/** What is done to the attribute at one place of a row. */
export type Step =
  | undefined // It stays.
  | { readonly kind: 'rename'; readonly rename: Rename; readonly counter: number }
  | { readonly kind: 'split'; readonly counter: number }
  | { readonly kind: 'drop'; readonly counter: number | undefined };

/** The keys of a row, in their order. Instrumentations write the same ones again and again. */
export interface Shape {
  readonly keys: readonly string[];
  /** By place; undefined where the key does not matter. */
  readonly known: readonly (KnownKey | undefined)[];
  /** Places whose key matters. */
  readonly places: readonly number[];
  /** KEY flags of all of them. */
  readonly seen: number;
  /** What to do by place, where the keys alone decide it; `undefined` where the values must be looked at, `null` until it is asked for. */
  readonly steps: Record<Side, readonly Step[] | undefined | null>;
}

const SLOTS = 256;
/** Longer rows are looked at key by key. */
const MAX_KEYS = 64;
/** Shapes of more characters are not remembered: a sender can make them as long as it likes. */
const MAX_CHARACTERS = 4_096;

/** Shapes seen lately, found by comparing keys with those of the last row like it: cheaper than looking up each key. Bounded. */
export class Shapes {
  readonly #table: KeyTable;
  readonly #slots = new Array<Shape | undefined>(SLOTS).fill(undefined);

  constructor(table: KeyTable) {
    this.#table = table;
  }

  of(attributes: readonly Attribute[], from: number, to: number): Shape {
    const count = to - from;
    if (count === 0 || count > MAX_KEYS) return this.#read(attributes, from, to);
    const slot = slotOf(attributes, from, to);
    const known = this.#slots[slot];
    if (known !== undefined && known.keys.length === count && sameKeys(known.keys, attributes, from)) return known;
    const shape = this.#read(attributes, from, to);
    if (shape.keys.reduce((sum, key) => sum + key.length, 0) <= MAX_CHARACTERS) this.#slots[slot] = shape;
    return shape;
  }

  #read(attributes: readonly Attribute[], from: number, to: number): Shape {
    const keys = attributes.slice(from, to).map(({ key }) => key);
    const known = keys.map((key) => this.#table.find(key));
    const places = known.flatMap((key, place) => (key === undefined ? [] : [place]));
    const seen = places.reduce((flags, place) => flags | (known[place]?.flags ?? 0), 0);
    return { keys, known, places, seen, steps: { server: null, client: null, none: null } };
  }

  stepsOf(shape: Shape, side: Side): readonly Step[] | undefined {
    let steps = shape.steps[side];
    if (steps === null) {
      steps = stepsOf(shape, side, this.#table);
      shape.steps[side] = steps;
    }
    return steps;
  }
}

function sameKeys(keys: readonly string[], attributes: readonly Attribute[], from: number): boolean {
  for (let place = 0; place < keys.length; place += 1) if (attributes[from + place]!.key !== keys[place]) return false;
  return true;
}

/** Rows of equal keys share a slot; of others few do. */
function slotOf(attributes: readonly Attribute[], from: number, to: number): number {
  let hash = to - from;
  for (let index = from; index < to; index += 1) {
    const { key } = attributes[index]!;
    hash = Math.imul(hash, 31) + key.length * 7 + (key.charCodeAt(key.length - 1) | 0);
  }
  return (hash ^ (hash >>> 8)) & (SLOTS - 1);
}

function stepsOf({ known, seen }: Shape, side: Side, table: KeyTable): readonly Step[] | undefined {
  if ((seen & KEY.rpcService) !== 0) return undefined;
  const taken = new Set<KnownKey>();
  const steps: Step[] = [];
  for (const key of known) {
    const rename = key?.renames[side];
    if (rename !== undefined && taken.has(rename.target)) return undefined;
    if (rename !== undefined) taken.add(rename.target);
    steps.push(key === undefined ? undefined : stepOf(key, rename, { known, table }));
  }
  return steps;
}

function stepOf(key: KnownKey, rename: Rename | undefined, { known, table }: { known: readonly (KnownKey | undefined)[]; table: KeyTable }): Step {
  if ((key.flags & KEY.old) === 0) return undefined;
  const counter = table.counterOf(key.key);
  if (counter === undefined) return { kind: 'drop', counter }; // A name that only Tocsin may write.
  if (key.key === 'http.target') return { kind: 'split', counter };
  if (rename === undefined) return undefined; // An old name on spans of another kind.
  return known.includes(rename.target) ? { kind: 'drop', counter } : { kind: 'rename', rename, counter };
}
