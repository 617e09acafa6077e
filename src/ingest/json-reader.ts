import { cutAt } from './wire-reader.js';

/** The JSON is not OTLP. Thrown inside the decoders only; their callers get a value. */
export class JsonShapeError extends Error {
  constructor(readonly path: string, readonly problem: string) {
    super(problem);
  }
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** Bounded, because BigInt takes a time that grows with the square of the digits. */
const INTEGER = /^-?\d{1,40}$/;
const UINT32 = 2 ** 32;
const MAX_UINT64 = 2n ** 64n - 1n;
const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;
const EMPTY_LIST: readonly unknown[] = [];

/**
 * Reads fields of parsed OTLP/JSON (opentelemetry-proto docs/specification.md, "JSON Protobuf Encoding"): null is the default
 * value, 64-bit integers are decimal strings or numbers, enums are numbers. Keeps the path, so that an error can name it.
 */
export class JsonReader {
  readonly #path: (string | number)[] = [];
  /** The halves that the last `uint64` read. */
  high = 0;
  low = 0;
  /** Whether what the last `int64` read was one. */
  isInteger = false;

  /** A request that failed has left its path behind. */
  beginRequest(): void {
    this.#path.length = 0;
  }

  fail(problem: string, field?: string): never {
    const path = field === undefined ? this.#path : [...this.#path, field];
    throw new JsonShapeError(path.map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`)).join(''), problem);
  }

  /** Calls `read` with every object of a list field. */
  each(from: JsonObject, field: string, read: (item: JsonObject) => void): void {
    const list = this.list(from, field);
    this.#path.push(field);
    for (let index = 0; index < list.length; index += 1) {
      this.#path.push(index);
      read(this.#asObject(list[index]));
      this.#path.pop();
    }
    this.#path.pop();
  }

  list(from: JsonObject, field: string): readonly unknown[] {
    const value = from[field];
    if (value === undefined || value === null) return EMPTY_LIST;
    return Array.isArray(value) ? (value as readonly unknown[]) : this.fail(`is ${kindOf(value)}, expected a list`, field);
  }

  /** Calls `read` with an object field that is there. */
  within(from: JsonObject, field: string, read: (value: JsonObject) => void): void {
    const value = from[field];
    if (value === undefined || value === null) return;
    this.#path.push(field);
    read(this.#asObject(value));
    this.#path.pop();
  }

  #asObject(value: unknown): JsonObject {
    return isObject(value) ? value : this.fail(`is ${kindOf(value)}, expected an object`);
  }

  text(from: JsonObject, field: string): string {
    const value = from[field];
    if (value === undefined || value === null) return '';
    return typeof value === 'string' ? wellFormed(value) : this.fail(`is ${kindOf(value)}, expected a string`, field);
  }

  /** Enums of OTLP/JSON are numbers; what is not known is read as 0. */
  enumNumber(from: JsonObject, field: string, max: number): number {
    const value = from[field];
    if (typeof value === 'string' && !/^\d+$/.test(value)) return this.fail(`is ${JSON.stringify(value.slice(0, 40))}, but OTLP/JSON wants the number of an enum, not its name`, field);
    const number = this.uint32(from, field);
    return number <= max ? number : 0;
  }

  uint32(from: JsonObject, field: string): number {
    const value = from[field];
    if (value === undefined || value === null) return 0;
    const number = typeof value === 'string' && INTEGER.test(value) ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isInteger(number)) return this.fail(`is ${kindOf(value)}, expected a whole number`, field);
    return number >= 0 && number < UINT32 ? number : this.fail(`is ${number}, out of the range of 32 bits`, field);
  }

  /**
   * Reads a time, in nanoseconds, into `high` and `low`. One that 64 bits cannot hold (exporters overflow: year 1 comes as a negative
   * number) becomes the largest, so that it costs its own span or log record and not the whole request.
   */
  uint64(from: JsonObject, field: string): bigint {
    const integer = this.#integer(from[field] ?? 0, field);
    const value = integer < 0n || integer > MAX_UINT64 ? MAX_UINT64 : integer;
    this.high = Number(value >> 32n);
    this.low = Number(value & 0xffff_ffffn);
    return value;
  }

  /** A number where it is exact, else a bigint; sets `isInteger` to false where it does not fit: the JavaScript SDK writes the double 1e20 as an intValue. */
  int64(from: JsonObject, field: string): number | bigint {
    const value = this.#integer(from[field], field);
    const number = Number(value);
    this.isInteger = value >= MIN_INT64 && value <= MAX_INT64;
    return Number.isSafeInteger(number) || !this.isInteger ? number : value;
  }

  #integer(value: unknown, field: string): bigint {
    if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
    if (typeof value === 'string' && INTEGER.test(value)) return BigInt(value);
    return this.fail(`is ${kindOf(value)}, expected a whole number, as a number or a decimal string`, field);
  }

  double(from: JsonObject, field: string): number {
    const value = from[field];
    if (typeof value === 'number') return value;
    if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
    if (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))) return Number(value);
    return this.fail(`is ${kindOf(value)}, expected a number, "NaN", "Infinity" or "-Infinity"`, field);
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a person would call it. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return `the string ${JSON.stringify(value.slice(0, 40))}`;
  return typeof value === 'number' || typeof value === 'boolean' ? `the ${typeof value} ${value}` : 'missing';
}

/** JSON can name half a surrogate pair; UTF-8, and so the store, cannot. */
function wellFormed(text: string): string {
  return /\p{Surrogate}/u.test(text) ? text.replace(/\p{Surrogate}/gu, '\ufffd') : text;
}

/** Cuts a text at a code point so that its UTF-8 has at most `limit` bytes; the same text where it is short enough. */
export function cutText(text: string, limit: number): string {
  if (text.length * 3 <= limit) return text;
  const bytes = Buffer.from(text, 'utf8');
  return bytes.length <= limit ? text : bytes.toString('utf8', 0, cutAt(bytes, 0, limit));
}
