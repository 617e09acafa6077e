import { attributeOf } from '../trace/attribute-json.js';
import type { Attribute } from '../trace/attribute.js';
import type { Side } from '../trace/semantic-conventions.js';
import { AttributeMemo, KEY, KeyTable, type KnownKey } from './normalise-keys.js';
import { Shapes, type Shape, type Step } from './normalise-shape.js';

/** Joined `rpc.service` and `rpc.method`; there are as many as methods. */
const MAX_METHODS = 4_096;
/** AWS's operations are not qualified by their service in today's conventions either. */
const UNQUALIFIED_RPC = 'aws-api';

/** Counts how often each old name came; see KeyTable.oldNames. */
export type OldNameCounts = Float64Array;

/**
 * Reads the attributes of one row after another and gives them their names of today. A new name that is there wins over an old one, and of
 * several old ones the first of the table wins; the others keep their names unless they say the same.
 */
export class RowNormaliser {
  readonly table = new KeyTable();
  /** KEY flags of the row at hand. */
  seen = 0;
  readonly #shapes = new Shapes(this.table);
  #shape: Shape = this.#shapes.of([], 0, 0);
  #attributes: readonly Attribute[] = [];
  #from = 0;
  /** Number of the row at hand, and of the one whose attributes its keys know. */
  #number = 0;
  #loaded = 0;
  readonly #target = this.table.of('http.target');
  readonly #path = this.table.of('url.path');
  readonly #query = this.table.of('url.query');
  readonly #service = this.table.of('rpc.service');
  readonly #method = this.table.of('rpc.method');
  readonly #systems = [this.table.of('rpc.system.name'), this.table.of('rpc.system')];
  readonly #targets = new AttributeMemo<readonly Attribute[]>();
  readonly #methods = new Map<string, Attribute>();

  /** Looks at a row; `seen` then says what is in it. */
  read(attributes: readonly Attribute[], from: number, to: number): void {
    this.#number += 1;
    this.#attributes = attributes;
    this.#from = from;
    this.#shape = this.#shapes.of(attributes, from, to);
    this.seen = this.#shape.seen;
  }

  /** What the row at hand has under `key` as it was sent. */
  sent(key: KnownKey): Attribute | undefined {
    this.#load();
    return key.seenIn === this.#number ? key.attribute : undefined;
  }

  #load(): void {
    if (this.#loaded === this.#number) return;
    this.#loaded = this.#number;
    const { known, places } = this.#shape;
    for (const place of places) {
      const key = known[place]!;
      key.seenIn = this.#number;
      key.attribute = this.#attributes[this.#from + place];
    }
  }

  /** Writes the row at hand to `out` under today's names. */
  write(side: Side, out: Attribute[], counts: OldNameCounts): void {
    if ((this.seen & KEY.old) === 0) {
      for (let place = 0; place < this.#shape.keys.length; place += 1) out.push(this.#attributes[this.#from + place]!);
      return;
    }
    const steps = this.#shapes.stepsOf(this.#shape, side);
    if (steps === undefined) this.#weigh(side, out, counts);
    else this.#follow(steps, out, counts);
  }

  #follow(steps: readonly Step[], out: Attribute[], counts: OldNameCounts): void {
    for (let place = 0; place < steps.length; place += 1) {
      const attribute = this.#attributes[this.#from + place]!;
      const step = steps[place];
      if (step === undefined) {
        out.push(attribute);
        continue;
      }
      if (step.counter !== undefined) counts[step.counter]! += 1;
      if (step.kind === 'rename') out.push(step.rename.of(attribute) ?? attribute);
      else if (step.kind === 'split') this.#split(attribute, out);
    }
  }

  /** The long way, for rows in which several old names want one new one, or the method of an RPC its service. */
  #weigh(side: Side, out: Attribute[], counts: OldNameCounts): void {
    this.#load();
    this.#claimNames(side);
    const method = (this.seen & KEY.rpcService) === 0 ? undefined : this.#qualifiedMethod();
    this.#shape.known.forEach((known, place) => {
      const attribute = this.#attributes[this.#from + place]!;
      if (known === undefined) out.push(attribute);
      else if (known === this.#method && method !== undefined) out.push(method);
      else if ((known.flags & KEY.old) === 0) out.push(attribute);
      else this.#old(known, { attribute, side, out, counts, method });
    });
  }

  /** Which old name takes which new one. */
  #claimNames(side: Side): void {
    const number = this.#number;
    for (const place of this.#shape.places) {
      const known = this.#shape.known[place]!;
      const rename = known.renames[side];
      if (rename === undefined || rename.target.seenIn === number) continue;
      const { target, rank } = rename;
      if (target.claimedIn === number && target.claimRank <= rank) continue;
      const renamed = rename.of(known.attribute!);
      if (renamed === undefined) continue;
      target.claimedIn = number;
      target.claimRank = rank;
      target.claim = renamed;
    }
  }

  #old(known: KnownKey, row: { attribute: Attribute; side: Side; out: Attribute[]; counts: OldNameCounts; method: Attribute | undefined }): void {
    const { attribute, side, out, counts, method } = row;
    const counter = this.table.counterOf(known.key);
    if (counter === undefined) return; // A name that only Tocsin may write.
    const rename = known.renames[side];
    if (rename === undefined && known !== this.#target && known !== this.#service) {
      out.push(attribute); // An old name on spans of another kind.
      return;
    }
    counts[counter]! += 1;
    if (known === this.#target) this.#split(attribute, out);
    else if (rename === undefined) {
      if (method === undefined) out.push(attribute);
    } else {
      const { target, rank } = rename;
      if (target.seenIn === this.#number) return;
      if (target.claimedIn === this.#number && target.claimRank === rank) out.push(target.claim!);
      else if (target.claimedIn !== this.#number || rename.of(attribute)?.value !== target.claim?.value) out.push(attribute);
    }
  }

  /** `http.target` is path and query; those of today's names that are there win. */
  #split(attribute: Attribute, out: Attribute[]): void {
    this.#load();
    const parts = this.#targetParts(attribute);
    if (parts === undefined) out.push(attribute);
    else if (this.#path.seenIn !== this.#number) {
      out.push(parts[0]!);
      if (parts[1] !== undefined && this.#query.seenIn !== this.#number) out.push(parts[1]);
    }
  }

  /** `url.path` and, where there is one, `url.query`; undefined where the target is no text. */
  #targetParts(attribute: Attribute): readonly Attribute[] | undefined {
    const known = this.#targets.get(attribute);
    if (known !== undefined) return known;
    if (typeof attribute.value !== 'string') return undefined;
    const hash = attribute.value.indexOf('#');
    const text = hash === -1 ? attribute.value : attribute.value.slice(0, hash);
    const question = text.indexOf('?');
    const path = textAttribute('url.path', question === -1 ? text : text.slice(0, question));
    const query = question === -1 ? '' : text.slice(question + 1);
    const parts = query === '' ? [path] : [path, textAttribute('url.query', query)];
    this.#targets.remember(attribute, parts);
    return parts;
  }

  /** `shop.Cart/Get` of `rpc.service` and `rpc.method`; undefined where they stay apart. */
  #qualifiedMethod(): Attribute | undefined {
    const service = this.sent(this.#service)?.value;
    const method = this.sent(this.#method);
    if (typeof service !== 'string' || service === '' || typeof method?.value !== 'string') return undefined;
    if (this.#systems.some((system) => this.sent(system)?.value === UNQUALIFIED_RPC)) return undefined;
    if (method.value.startsWith(`${service}/`)) return method;
    const name = `${service}/${method.value}`;
    const known = this.#methods.get(name);
    if (known !== undefined) return known;
    const qualified = attributeOf('rpc.method', name);
    if (this.#methods.size >= MAX_METHODS) this.#methods.clear();
    this.#methods.set(name, qualified);
    return qualified;
  }
}

function textAttribute(key: 'url.path' | 'url.query', value: string): Attribute {
  return { key, value, json: `"${key}":${JSON.stringify(value)}`, isInteger: false };
}
