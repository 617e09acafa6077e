import { attributeOf, valueJson } from '../trace/attribute-json.js';
import type { Attribute, AttributeValue } from '../trace/attribute.js';
import { aliasesOf } from '../trace/semantic-conventions.js';
import { SIGN, signsOf } from './detect-signs.js';
import { isConcealed, MASK } from './detect-concealed.js';
import type { CompiledPolicy, CompiledRule, TextStep } from './redact-compile.js';
import { redactJsonMembers } from './redact-json-text.js';
import { redactText, type Hit } from './redact-text.js';
import { setEntry, type ValueMap } from './value-map.js';

/** How often each rule concealed or dropped something, by the rule's index. */
export type Hits = Float64Array;

/** What is done to the values of one key. */
interface KeyPlan {
  /** The key as it comes. */
  readonly name: string;
  /** What came behind it the last time: senders write keys in one order, and a comparison is quicker than a look into a map. */
  next: KeyPlan | undefined;
  /** The key without secrets of its own; nearly always the key itself. */
  readonly key: string;
  readonly keyHits: readonly Hit[];
  readonly whole: CompiledRule | undefined;
  readonly steps: readonly TextStep[];
  /** By the signs of a text: 1 where one of the steps may find something. */
  readonly wanted: Uint8Array;
  /** How often verdicts about values of this key were remembered, and found again; lately. */
  claims: number;
  finds: number;
  /** Attributes of this key in which nothing was found, lately: most keys have few values. */
  readonly clean: (Attribute | undefined)[];
  nextClean: number;
}

/** What became of an attribute; `undefined`: it is dropped. */
interface Verdict {
  readonly attribute: Attribute | undefined;
  readonly hits: readonly Hit[];
}

const MAX_KEYS = 4_096;
const MAX_KEY_CHARACTERS = 1_048_576;
const ALL_SIGNS = 255;
/** Looking through so few is quicker than reading a value. */
const CLEAN = 8;
/** Span names and the like that hold nothing; there are few. */
const MAX_CLEAN_TEXTS = 512;
/** Longer values are never among the clean ones that are kept, which would keep their memory; decoders intern up to 256 bytes. */
const SHORT = 256;
/** OpenTelemetry's consistent sampling: threshold and randomness, in hexadecimal. */
const SAMPLING_STATE = /^ot=(?:(?:th|rv):[0-9a-f]{1,14};?)+$/;
/** Decoders stop at 16; this only keeps what they did not build from overflowing the stack. */
const MAX_DEPTH = 64;
/** Smaller numbers have fewer than 13 digits. */
const SMALLEST_CARD = 1e12;
/** Keys of which few values come again are remembered sparsely: see worthRemembering of attribute-keys.ts. */
const WATCHED = 64;
const SPARSE = 32;
/** Who sent it must stay known, so rules for whole values pass it over. */
const IDENTITY = 'service.name';

/** The rules of the policies that apply to a service, ready for its attributes and texts. Not to be shared between threads. */
export class RedactionProfile {
  readonly #policies: readonly CompiledPolicy[];
  readonly #textSteps: readonly TextStep[];
  readonly #textsWanted: Uint8Array;
  /** Rules that drop an attribute in which they detect something. */
  readonly #dropping: ReadonlySet<number>;
  readonly #plans = new Map<string, KeyPlan>();
  /** Of the attribute before this one. */
  #last: KeyPlan | undefined;
  #planCharacters = 0;
  readonly #hasWholeRules: boolean;
  readonly #scratch: Hit[] = [];
  readonly #cleanTexts = new Set<string>();
  /** Attributes repeat as objects (decoders intern them): what was found in one is remembered. */
  #verdicts = new WeakMap<Attribute, Verdict>();

  constructor(policies: readonly CompiledPolicy[]) {
    this.#policies = policies;
    this.#textSteps = inOrder(policies.flatMap(({ rules }) => rules.filter(({ inTexts }) => inTexts).flatMap(({ steps }) => steps)));
    this.#hasWholeRules = policies.some(({ rules }) => rules.some(({ steps }) => steps.length === 0));
    this.#textsWanted = wantedSigns(this.#textSteps);
    this.#dropping = new Set(policies.flatMap(({ rules }) => rules.filter(({ mode, steps }) => mode === 'drop' && steps.length > 0).map(({ index }) => index)));
  }

  /** The attribute as it may be written; itself where nothing is to be done, `undefined` where it is dropped. */
  attribute(attribute: Attribute, hits: Hits): Attribute | undefined {
    const expected = this.#last?.next;
    if (expected !== undefined && isAmong(expected.clean, attribute)) {
      this.#last = expected;
      return attribute;
    }
    const plan = this.#planOf(attribute.key);
    if (plan.whole === undefined) {
      if (plan !== expected && isAmong(plan.clean, attribute)) return attribute;
      const { value } = attribute;
      if (typeof value === 'string') {
        if (plan.keyHits.length === 0 && this.#isClean(value, plan)) {
          if (value.length <= SHORT) keepClean(plan, attribute);
          return attribute;
        }
      } else if (plan.keyHits.length === 0 && (value === null || typeof value === 'boolean' || (typeof value === 'number' && value < SMALLEST_CARD))) {
        return attribute;
      }
    }
    const verdict = this.#verdictOf(attribute, plan);
    for (const { rule, count } of verdict.hits) hits[rule]! += count;
    return verdict.attribute;
  }

  /** A text that belongs to no key: a name, a message, a body. */
  text(text: string, hits: Hits): string {
    if (this.#cleanTexts.has(text)) return text;
    if (this.#textsWanted[signsOf(text)] === 0) {
      if (text.length <= SHORT) {
        if (this.#cleanTexts.size >= MAX_CLEAN_TEXTS) this.#cleanTexts.clear();
        this.#cleanTexts.add(text);
      }
      return text;
    }
    const found: Hit[] = [];
    const redacted = redactText(text, this.#textSteps, found);
    for (const { rule, count } of found) hits[rule]! += count;
    return redacted;
  }

  /** W3C Trace Context, `tracestate`. What samplers write differs in every trace and holds no secret, so it costs no look. */
  traceState(text: string, hits: Hits): string {
    return text === '' || SAMPLING_STATE.test(text) ? text : this.text(text, hits);
  }

  /** The body of a log record: where it is JSON, its members are redacted like attributes. `drop` masks here. */
  body(text: string, hits: Hits): string {
    if (!this.#hasWholeRules || !/^\s*[{[]/.test(text)) return this.text(text, hits);
    const redacted = redactJsonMembers(text, ({ name, path }, value) => {
      const { whole } = this.#planAt(name, path);
      if (whole === undefined || value === '' || isConcealed(value)) return whole === undefined ? undefined : value;
      hits[whole.index]! += 1;
      return whole.concealer.conceal(value);
    });
    return this.text(redacted, hits);
  }

  /** Of long texts the verdict is worth remembering; for these this is only the first look. */
  #isClean(value: string, plan: KeyPlan): boolean {
    if (plan.wanted[signsOf(value)] === 0) return true;
    if (value.length > SHORT) return false;
    const isClean = redactText(value, plan.steps, this.#scratch) === value;
    this.#scratch.length = 0;
    return isClean;
  }

  #verdictOf(attribute: Attribute, plan: KeyPlan): Verdict {
    const known = this.#verdicts.get(attribute);
    if (known !== undefined) {
      plan.finds += 1;
      return known;
    }
    const verdict = this.#judge(attribute, plan);
    if (worthRemembering(plan)) this.#verdicts.set(attribute, verdict);
    return verdict;
  }

  #judge(attribute: Attribute, plan: KeyPlan): Verdict {
    const found: Hit[] = [...plan.keyHits];
    const { key } = attribute;
    const value = this.#value(attribute.value, { plan, key, depth: 0, found });
    if (value === DROPPED || found.some(({ rule }) => this.#dropping.has(rule))) return { attribute: undefined, hits: found };
    if (value === attribute.value && plan.key === key) return { attribute, hits: found };
    return { attribute: attributeOf(plan.key, value, value === attribute.value ? attribute.isInteger : false), hits: found };
  }

  #value(value: AttributeValue, place: Place): AttributeValue | typeof DROPPED {
    const { plan } = place;
    if (plan.whole !== undefined) return concealWhole(value, plan.whole, place.found);
    if (plan.steps.length === 0 && !isMap(value) && !isList(value)) return value;
    if (typeof value === 'string') return redactText(value, plan.steps, place.found);
    if (typeof value === 'number' || typeof value === 'bigint') return number(value, plan.steps, place.found);
    if (value === null || typeof value === 'boolean') return value;
    if (place.depth >= MAX_DEPTH) return MASK;
    if (value instanceof Uint8Array) return bytes(value, plan.steps, place.found);
    return isList(value) ? this.#list(value, place) : this.#map(value, place);
  }

  #list(values: readonly AttributeValue[], place: Place): AttributeValue {
    let copy: AttributeValue[] | undefined;
    values.forEach((value, index) => {
      const redacted = this.#value(value, { ...place, depth: place.depth + 1 });
      if (redacted === value) return;
      copy ??= [...values];
      copy[index] = redacted === DROPPED ? null : redacted;
    });
    return copy ?? values;
  }

  #map(values: { readonly [key: string]: AttributeValue }, place: Place): AttributeValue {
    const entries = Object.entries(values);
    const copy: ValueMap = {};
    let changed = false;
    for (const [inner, value] of entries) {
      const key = `${place.key}.${inner}`;
      const plan = this.#planAt(inner, key);
      place.found.push(...plan.keyHits);
      const redacted = this.#value(value, { plan, key, depth: place.depth + 1, found: place.found });
      if (redacted !== value || plan.key !== inner) changed = true;
      if (redacted !== DROPPED) setEntry(copy, plan.key, redacted);
    }
    return changed ? copy : values;
  }

  #planOf(key: string): KeyPlan {
    const expected = this.#last?.next;
    if (expected?.name === key) return (this.#last = expected);
    const plan = this.#plans.get(key) ?? this.#learn(key, key);
    if (this.#last !== undefined) this.#last.next = plan;
    return (this.#last = plan);
  }

  #planAt(name: string, path: string): KeyPlan {
    const known = this.#plans.get(name === path ? name : `${name}\u0000${path}`);
    return known ?? this.#learn(name, path);
  }

  /** `name` is the key as it is written; `path` is where it stands, `outer.name` within a map. */
  #learn(name: string, path: string): KeyPlan {
    const spellings = name === path ? aliasesOf(name) : [path, name, ...aliasesOf(path)];
    let whole: CompiledRule | undefined;
    const steps: TextStep[] = [];
    for (const { rules, exempts } of this.#policies) {
      if (spellings.some(exempts)) continue;
      for (const rule of rules) {
        if (!rule.selects(spellings)) continue;
        if (rule.steps.length > 0) steps.push(...rule.steps);
        else if (path !== IDENTITY) whole ??= rule;
      }
    }
    const keyHits: Hit[] = [];
    const key = redactText(name, this.#textSteps, keyHits);
    const ordered = inOrder(steps);
    const plan: KeyPlan = { name, next: undefined, key, keyHits, whole, steps: ordered, wanted: wantedSigns(ordered), claims: 0, finds: 0, clean: new Array<undefined>(CLEAN).fill(undefined), nextClean: 0 };
    this.#remember(name === path ? name : `${name}\u0000${path}`, plan);
    return plan;
  }

  /** Keys can be made up without end: when there are too many, all are forgotten and learned again. */
  #remember(key: string, plan: KeyPlan): void {
    if (this.#plans.size >= MAX_KEYS || this.#planCharacters > MAX_KEY_CHARACTERS) {
      this.#plans.clear();
      this.#planCharacters = 0;
      this.#last = undefined;
      this.#verdicts = new WeakMap();
    }
    this.#plans.set(key, plan);
    this.#planCharacters += key.length;
  }
}

const DROPPED = Symbol('dropped');

interface Place {
  readonly plan: KeyPlan;
  readonly key: string;
  readonly depth: number;
  readonly found: Hit[];
}

/** Lists keep their length, everything else becomes a text; what is empty says nothing and stays. */
function concealWhole(value: AttributeValue, rule: CompiledRule, found: Hit[]): AttributeValue | typeof DROPPED {
  if (value === null || value === '') return value;
  if (rule.mode === 'drop') {
    found.push({ rule: rule.index, count: 1 });
    return DROPPED;
  }
  if (isList(value)) return value.every((item) => typeof item === 'string' && isConcealed(item)) ? value : value.map((item) => concealWhole(item, rule, found) as AttributeValue);
  const text = typeof value === 'string' ? value : valueJson(value);
  if (isConcealed(text)) return value;
  found.push({ rule: rule.index, count: 1 });
  return rule.concealer.conceal(text);
}

/** A card number may come as a number; it then becomes a text. */
function number(value: number | bigint, steps: readonly TextStep[], found: Hit[]): AttributeValue {
  if (typeof value === 'number' && (value < SMALLEST_CARD || !Number.isSafeInteger(value))) return value;
  const text = String(value);
  const redacted = redactText(text, steps.filter(({ signs }) => signs === SIGN.digits13), found);
  return redacted === text ? value : redacted;
}

/** Bytes in which a secret is found are concealed as a whole: what else they are, nobody knows. */
function bytes(value: Uint8Array, steps: readonly TextStep[], found: Hit[]): AttributeValue {
  const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
  return redactText(text, steps, found) === text ? value : MASK;
}

/** By detector, each once: where two rules want the same detector, the first has it. */
function inOrder(steps: readonly TextStep[]): TextStep[] {
  const first = new Map<number, TextStep>();
  for (const step of steps) if (!first.has(step.order)) first.set(step.order, step);
  return [...first.values()].sort((left, right) => left.order - right.order);
}

function wantedSigns(steps: readonly TextStep[]): Uint8Array {
  return Uint8Array.from({ length: ALL_SIGNS + 1 }, (_, signs) => (steps.some((step) => (signs & step.signs) === step.signs) ? 1 : 0));
}

/** Attributes of one key in which nothing was found; who is among them needs no look at its key. */
function isAmong(clean: readonly (Attribute | undefined)[], attribute: Attribute): boolean {
  for (let index = 0; index < CLEAN; index += 1) if (clean[index] === attribute) return true;
  return false;
}

/** Of a key whose values do not come again only one in eight is kept: writing costs more than looking. */
function keepClean(plan: KeyPlan, attribute: Attribute): void {
  const place = plan.nextClean % (CLEAN * CLEAN);
  plan.nextClean = place + 1;
  if (plan.clean[CLEAN - 1] === undefined) plan.clean[place % CLEAN] = attribute;
  else if (place % CLEAN === 0) plan.clean[place / CLEAN] = attribute;
}

function worthRemembering(plan: KeyPlan): boolean {
  plan.claims += 1;
  if (plan.claims < WATCHED || plan.finds * 4 >= plan.claims) return true;
  if (plan.claims >= WATCHED * 64) {
    plan.claims = WATCHED;
    plan.finds >>= 6;
  }
  return plan.claims % SPARSE === 0;
}

function isList(value: AttributeValue): value is readonly AttributeValue[] {
  return Array.isArray(value);
}

function isMap(value: AttributeValue): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}
