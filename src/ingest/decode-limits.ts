/**
 * What one export request may hold. Nothing here refuses a whole request but `jsonDepth` and `jsonValues`, which keep
 * JSON.parse from building gigabytes: surplus is dropped or cut, counted in the batch, and told to the sender.
 */
export interface DecodeLimits {
  /** Further spans (or log records) are rejected. */
  readonly itemsPerRequest: number;
  /** Attributes kept of one span, event, link, resource or log record. */
  readonly attributesPerItem: number;
  readonly attributesPerRequest: number;
  /** Attributes of one scope as JSON: they are kept beside each of its spans. */
  readonly scopeCharacters: number;
  /** Events, and as many links, kept of one span. */
  readonly eventsPerSpan: number;
  /** Events and links together. */
  readonly eventsPerRequest: number;
  /** Longer strings and byte values are cut, strings at a code point. */
  readonly stringBytes: number;
  /** Arrays and key-value lists inside one another; what lies deeper becomes TOO_DEEP. */
  readonly valueDepth: number;
  /** Elements of all arrays and key-value lists of one attribute together. */
  readonly elementsPerValue: number;
  readonly jsonDepth: number;
  readonly jsonValues: number;
  /** Spans that end, or logs that happened, later than this after their receipt are rejected: the sender's clock is wrong. */
  readonly futureMs: number;
}

export const DECODE_LIMITS: DecodeLimits = {
  itemsPerRequest: 262_144,
  attributesPerItem: 1_024,
  attributesPerRequest: 2_097_152,
  scopeCharacters: 1_024,
  eventsPerSpan: 512,
  eventsPerRequest: 262_144,
  stringBytes: 65_536,
  valueDepth: 16,
  elementsPerValue: 4_096,
  jsonDepth: 256,
  jsonValues: 8_000_000,
  futureMs: 86_400_000,
};

/** Stands in the place of a value that lay deeper than `valueDepth`. */
export const TOO_DEEP = '(nested too deep)';

/** Limits that were hit, as metrics name them. */
export type DecodeLimitName =
  | 'attributes-per-item' | 'attributes-per-request' | 'scope-characters' | 'events-per-span' | 'events-per-request'
  | 'string-bytes' | 'value-depth' | 'elements-per-value' | 'duplicate-key';
