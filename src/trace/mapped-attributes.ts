import type { Attribute } from './attribute.js';
import { attributeOf } from './attribute-json.js';
import type { Attributes, Span } from './span.js';
import type { Scope } from './span-batch.js';

/**
 * What OTLP has fields for and few spans have: the store keeps it as attributes, under the names of "Transformation to non-OTLP Formats" of the
 * OpenTelemetry specification, which has none for attributes of scopes and a prefix for their name and version. Where OTLP is written they are fields again.
 */
export const DROPPED_ATTRIBUTES = 'otel.dropped_attributes_count';
export const DROPPED_EVENTS = 'otel.dropped_events_count';
export const DROPPED_LINKS = 'otel.dropped_links_count';

const MAX_UINT32 = 0xffff_ffff;
const SCOPE_PREFIX = 'otel.scope.';
/** Other exporters write a scope's own fields under these names. */
const SCOPE_FIELDS: readonly string[] = ['name', 'version', 'schema_url'].map((field) => SCOPE_PREFIX + field);

/** The span's attribute that a scope's is kept under. */
export function scopeAttributeKey(key: string): string {
  return SCOPE_PREFIX + key;
}

/** The other way round; undefined for other attributes. */
export function keyInScope(key: string): string | undefined {
  return key.startsWith(SCOPE_PREFIX) && !SCOPE_FIELDS.includes(key) ? key.slice(SCOPE_PREFIX.length) : undefined;
}

/** What the spans of each scope get, by its index; undefined where no scope has any. */
export function spanAttributesOfScopes(scopes: readonly Scope[]): readonly (readonly Attribute[] | undefined)[] | undefined {
  if (scopes.every(({ attributes }) => attributes === undefined)) return undefined;
  return scopes.map(({ attributes }) => attributes?.map(({ key, value, isInteger }) => attributeOf(scopeAttributeKey(key), value, isInteger)));
}

/** Adds a count that is not zero to a list that begins at `from`. */
export function addCount(into: Attribute[], { key, count, from }: { readonly key: string; readonly count: number; readonly from: number }): void {
  if (count > 0) addNew(into, attributeOf(key, count), from);
}

/** Adds an attribute, unless the sender has one of this name. */
export function addNew(into: Attribute[], attribute: Attribute, from = 0): void {
  for (let index = from; index < into.length; index += 1) if (into[index]!.key === attribute.key) return;
  into.push(attribute);
}

/** A span with its scope's attributes and the counts of what was dropped where OTLP has them. */
export interface OtlpSpan extends Span {
  readonly scopeAttributes: Attributes;
  readonly droppedAttributes: number;
  readonly droppedEvents: number;
  readonly droppedLinks: number;
}

export function otlpSpan(span: Span): OtlpSpan {
  const ofScope = Object.entries(span.attributes).flatMap(([key, value]) => {
    const inScope = keyInScope(key);
    return inScope === undefined ? [] : [[inScope, value] as const];
  });
  const own = ofScope.length === 0 ? span.attributes : Object.fromEntries(Object.entries(span.attributes).filter(([key]) => keyInScope(key) === undefined));
  const { rest: withoutAttributes, count: droppedAttributes } = takeCount(own, DROPPED_ATTRIBUTES);
  const { rest: withoutEvents, count: droppedEvents } = takeCount(withoutAttributes, DROPPED_EVENTS);
  const { rest: attributes, count: droppedLinks } = takeCount(withoutEvents, DROPPED_LINKS);
  return { ...span, attributes, scopeAttributes: Object.fromEntries(ofScope), droppedAttributes, droppedEvents, droppedLinks };
}

/** A count and the attributes besides it; 0 where there is none that OTLP's field could hold. */
export function takeCount(attributes: Attributes, key: string): { readonly rest: Attributes; readonly count: number } {
  const { [key]: count, ...rest } = attributes;
  return typeof count === 'number' && Number.isInteger(count) && count > 0 && count <= MAX_UINT32 ? { rest, count } : { rest: attributes, count: 0 };
}
