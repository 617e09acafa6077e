import { RENAMED, RENAMED_ON_CLIENT, RENAMED_ON_SERVER, RENAMED_VALUES } from './renamed-attributes.js';

/**
 * Whose attribute it is, which decides what a few old names mean: a SERVER span's, another span's, or that of something without a kind
 * (a resource, a log record).
 */
export type Side = 'server' | 'client' | 'none';

/** Old names whose values changed their type with the name: no other name stands for them as it is; see derived-attributes.ts. */
const RETYPED: ReadonlySet<string> = new Set(['rpc.grpc.status_code', 'rpc.jsonrpc.error_code', 'messaging.kafka.destination.partition', 'db.redis.database_index']);

const PLAIN = Object.entries(RENAMED);
const NEW_NAME: Readonly<Record<Side, ReadonlyMap<string, string>>> = {
  server: new Map([...PLAIN, ...Object.entries(RENAMED_ON_SERVER)]),
  client: new Map([...PLAIN, ...Object.entries(RENAMED_ON_CLIENT)]),
  none: new Map(PLAIN),
};
const OLD_NAMES: Readonly<Record<Side, ReadonlyMap<string, readonly string[]>>> = {
  server: groupByNewName(NEW_NAME.server),
  client: groupByNewName(NEW_NAME.client),
  none: groupByNewName(NEW_NAME.none),
};
/** Renamed values by the new key: [old, new] pairs. */
const VALUE_PAIRS: ReadonlyMap<string, readonly (readonly [string, string])[]> = new Map(
  Object.entries(RENAMED_VALUES).map(([key, values]) => [canonicalKey(key), Object.entries(values)]),
);

/** The name of today for an attribute key; keys that were never renamed are their own. */
export function canonicalKey(key: string, side: Side = 'none'): string {
  return NEW_NAME[side].get(key) ?? key;
}

/** All old names, each with its new one, of things on `side`; of several old names of one new name the earlier wins. */
export function renamesOn(side: Side): ReadonlyMap<string, string> {
  return NEW_NAME[side];
}

/**
 * Every name under which the value of `key` may be stored, the asked one first, then the newer, then the older ones. Admission renames, so for
 * the name of today the first look finds it; the others are for what was stored before. An old name does not stand for another old
 * name: `db.name` and `db.mongodb.collection` are each other's neighbours, not each other.
 */
export function aliasesOf(key: string, side: Side = 'none'): readonly string[] {
  const newName = NEW_NAME[side].get(key);
  if (newName === undefined) return [key, ...(OLD_NAMES[side].get(key) ?? [])];
  return RETYPED.has(key) ? [key] : [key, newName];
}

/** Every spelling of a string value of `key`, the asked one first. */
export function valueAliasesOf(key: string, value: string): readonly string[] {
  const pairs = VALUE_PAIRS.get(canonicalKey(key)) ?? [];
  return [value, ...pairs.filter(([old]) => old === value).map(([, now]) => now), ...pairs.filter(([, now]) => now === value).map(([old]) => old)];
}

/**
 * How values of `key` were spelt before: patterns are tried on both. `pairs` are [old, new] values; with `lastSegment` the older spelling
 * is what follows the last slash, because `rpc.method` did not name its service then.
 */
export interface OlderSpelling {
  readonly pairs: readonly (readonly [string, string])[];
  readonly lastSegment: boolean;
}

export function olderSpelling(key: string): OlderSpelling | undefined {
  const pairs = VALUE_PAIRS.get(canonicalKey(key)) ?? [];
  const lastSegment = key === 'rpc.method';
  return pairs.length === 0 && !lastSegment ? undefined : { pairs, lastSegment };
}

function groupByNewName(names: ReadonlyMap<string, string>): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [oldName, newName] of names) {
    if (!RETYPED.has(oldName)) groups.set(newName, [...(groups.get(newName) ?? []), oldName]);
  }
  return groups;
}
