import type { Attribute } from '../trace/attribute.js';
import type { Scope, SpanBatch, SpanEvent, SpanLink } from '../trace/span-batch.js';
import type { Hits, RedactionProfile } from './redact-profile.js';

/** By whose rules each row is redacted, and where it is counted. */
export interface RowProfiles {
  /** `undefined`: by none. */
  readonly profiles: readonly (RedactionProfile | undefined)[];
  /** Row → index into `profiles`. */
  readonly index: Uint32Array;
  readonly hits: Hits;
}

type AttributeColumns = Pick<SpanBatch, 'count' | 'attributeStart' | 'attributes'>;

/** The columns of attributes that changed; nothing is copied before the first change. */
export function redactAttributes(batch: AttributeColumns, { profiles, index: profileIndex, hits }: RowProfiles): Partial<AttributeColumns> {
  const { attributes, attributeStart } = batch;
  let copy: (Attribute | undefined)[] | undefined;
  let reshaped = false;
  for (let row = 0; row < batch.count; row += 1) {
    const profile = profiles[profileIndex[row]!];
    if (profile === undefined) continue;
    const end = attributeStart[row + 1]!;
    for (let index = attributeStart[row]!; index < end; index += 1) {
      const attribute = attributes[index]!;
      const redacted = profile.attribute(attribute, hits);
      if (redacted === attribute) continue;
      copy ??= attributes.slice();
      copy[index] = redacted;
      if (redacted?.key !== attribute.key) reshaped = true;
    }
  }
  if (copy === undefined) return {};
  return reshaped ? compacted(copy, attributeStart, batch.count) : { attributes: copy as Attribute[] };
}

/** Without what was dropped, and without keys that became equal. */
function compacted(sparse: readonly (Attribute | undefined)[], starts: Uint32Array, count: number): Partial<AttributeColumns> {
  const attributes: Attribute[] = [];
  const attributeStart = new Uint32Array(count + 1);
  for (let row = 0; row < count; row += 1) {
    attributes.push(...unique(sparse.slice(starts[row], starts[row + 1])));
    attributeStart[row + 1] = attributes.length;
  }
  return { attributes, attributeStart };
}

/** Of attributes with one key the first stays, as in decoders. */
function unique(sparse: readonly (Attribute | undefined)[]): Attribute[] {
  const keys = new Set<string>();
  return sparse.filter((attribute): attribute is Attribute => {
    if (attribute === undefined || keys.has(attribute.key)) return false;
    keys.add(attribute.key);
    return true;
  });
}

/** The list itself where nothing changed. */
export function redactList(attributes: readonly Attribute[], profile: RedactionProfile, hits: Hits): readonly Attribute[] {
  let changed = false;
  const redacted = attributes.map((attribute) => {
    const result = profile.attribute(attribute, hits);
    if (result !== attribute) changed = true;
    return result;
  });
  return changed ? unique(redacted) : attributes;
}

/** A column of texts without keys; `undefined` where nothing changed. */
export function redactColumn(
  texts: readonly string[], { profiles, index, hits }: RowProfiles, redact = (profile: RedactionProfile, text: string): string => profile.text(text, hits),
): readonly string[] | undefined {
  let copy: string[] | undefined;
  for (let row = 0; row < texts.length; row += 1) {
    const text = texts[row]!;
    const profile = profiles[index[row]!];
    if (text === '' || profile === undefined) continue;
    const redacted = redact(profile, text);
    if (redacted === text) continue;
    copy ??= texts.slice();
    copy[row] = redacted;
  }
  return copy;
}

export function redactEvents(column: SpanBatch['events'], rows: RowProfiles): SpanBatch['events'] | undefined {
  return redactItems<SpanEvent>(column, rows, (event, profile) => {
    const name = profile.text(event.name, rows.hits);
    const attributes = redactList(event.attributes, profile, rows.hits);
    return name === event.name && attributes === event.attributes ? event : { ...event, name, attributes };
  });
}

export function redactLinks(column: SpanBatch['links'], rows: RowProfiles): SpanBatch['links'] | undefined {
  return redactItems<SpanLink>(column, rows, (link, profile) => {
    const attributes = redactList(link.attributes, profile, rows.hits);
    const traceState = profile.traceState(link.traceState, rows.hits);
    return attributes === link.attributes && traceState === link.traceState ? link : { ...link, traceState, attributes };
  });
}

/** Scopes belong to code, not to a service: whoever shares one is redacted by the rules of all services of the batch. */
export function redactScopes(scopes: readonly Scope[], { profiles, hits }: RowProfiles): readonly Scope[] | undefined {
  const redact = (text: string): string => [...new Set(profiles)].reduce((rest, profile) => profile?.text(rest, hits) ?? rest, text);
  const redacted = scopes.map((scope) => {
    const name = redact(scope.name);
    const version = redact(scope.version);
    const attributes = scope.attributes && [...new Set(profiles)].reduce((rest, profile) => (profile === undefined ? rest : redactList(rest, profile, hits)), scope.attributes);
    return name === scope.name && version === scope.version && attributes === scope.attributes ? scope : { name, version, ...(attributes === undefined ? {} : { attributes }) };
  });
  return redacted.some((scope, index) => scope !== scopes[index]) ? redacted : undefined;
}

type ItemColumn<Item> = readonly (readonly Item[] | undefined)[];

function redactItems<Item>(column: ItemColumn<Item>, { profiles, index }: RowProfiles, redact: (item: Item, profile: RedactionProfile) => Item): ItemColumn<Item> | undefined {
  let copy: (readonly Item[] | undefined)[] | undefined;
  for (let row = 0; row < column.length; row += 1) {
    const items = column[row];
    const profile = items === undefined ? undefined : profiles[index[row]!];
    if (items === undefined || profile === undefined) continue;
    const redacted = items.map((item) => redact(item, profile));
    if (redacted.every((item, at) => item === items[at])) continue;
    copy ??= column.slice();
    copy[row] = redacted;
  }
  return copy;
}
