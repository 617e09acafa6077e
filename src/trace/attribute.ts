/** What OTLP's AnyValue can hold. 64-bit integers outside ±2^53 are bigint; bytes are kept as bytes. `null` is the empty AnyValue. */
export type AttributeValue = string | number | bigint | boolean | null | Uint8Array | readonly AttributeValue[] | { readonly [key: string]: AttributeValue };

/**
 * One key and value. Decoders intern attributes that come often, so the same object stands for the same pair:
 * compare by identity first, and never change one.
 */
export interface Attribute {
  readonly key: string;
  readonly value: AttributeValue;
  /** `"key":value` as JSON, ready to be joined into an object. Bytes are base64, bigint a number literal, NaN and ±Infinity strings. */
  readonly json: string;
  /** OTLP intValue as against doubleValue: keeps 1 and 1.0 apart on the way out. */
  readonly isInteger: boolean;
}
