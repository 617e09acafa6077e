import type { Database, Statement } from '../database.js';
import { quoted } from '../literal-sql.js';
import { parquetFiles } from './archive-columns.js';

/**
 * A Bloom filter over the attributes of a file's spans: bits at the places that each `key=value` is hashed to. A file one of whose bits is not set
 * does not hold the pair, so that a search for a rare value (an order, a user, a request) opens no file in vain. MD5, because what is
 * stored has to mean the same to the next version of the database, which its own hash() does not promise.
 */

/** With ten bits for each pair and four places, one file in eighty is opened in vain. */
const BITS_PER_PAIR = 10;
const PLACES = 4;
/** 4 MiB: a file of a quarter of a million spans that have nothing in common needs not more. */
const MAX_BITS = 1 << 25;
const MIN_BITS = 1_024;

/** Lists are looked for by one of their elements, so that all lists under a key are one pair. */
export function pairText(key: string, value: string): string {
  return `${key}=${value.startsWith('[') ? '[' : value}`;
}

const PAIRS = `SELECT DISTINCT pair.key || '=' || CASE WHEN starts_with(pair.value, '[') THEN '[' ELSE pair.value END AS text
  FROM (SELECT unnest(map_entries("SpanAttributes")) AS pair FROM /* file */) WHERE pair.value IS NOT NULL`;

export interface AttributeFilter {
  /** A multiple of eight: bytes have no other size. */
  readonly bits: number;
  readonly filter: Uint8Array;
}

/** The filter of a file, read from the file itself; undefined where its spans have no attributes. */
export async function filterOf(database: Database, file: string): Promise<AttributeFilter | undefined> {
  const pairs = PAIRS.replace('/* file */', () => parquetFiles([file]));
  const [counted] = await database.query({ sql: `SELECT count(*) AS pairs FROM (${pairs})` });
  const bits = bitsFor(Number(counted?.['pairs']));
  const [row] = await database.query({ sql: `SELECT bitstring_agg(${placeSql('text', 'place', String(bits))}, 0, ${bits - 1})::BLOB AS filter FROM (${pairs}), range(${PLACES}) places(place)` });
  const filter = row?.['filter'];
  return filter instanceof Uint8Array ? { bits, filter } : undefined;
}

export function insertFilter(fileId: string, { bits, filter }: AttributeFilter): Statement {
  return { sql: 'INSERT INTO archive_filters VALUES ($file_id, $bits, $filter::BLOB::BIT)', params: { file_id: fileId, bits, filter } };
}

function bitsFor(pairs: number): number {
  return Math.ceil(Math.min(MAX_BITS, Math.max(MIN_BITS, pairs * BITS_PER_PAIR)) / 8) * 8;
}

/** Whether the file of a row `f` of archive_filters may hold one pair of each list; a file without a filter may hold any. */
export function mayHold(pairs: readonly (readonly string[])[]): string {
  const holds = (text: string): string => Array.from({ length: PLACES }, (_, place) => `get_bit(f.filter, ${placeSql(quoted(text), String(place), 'f.bits')}) = 1`).join(' AND ');
  return pairs.length === 0 ? 'TRUE' : `(f.bits IS NULL OR (${pairs.map((anyOf) => `(${anyOf.map((text) => `(${holds(text)})`).join(' OR ')})`).join(' AND ')}))`;
}

function placeSql(text: string, place: string, bits: string): string {
  return `CAST((md5_number_lower(${text}) % 4294967296 + ${place} * (md5_number_upper(${text}) % 4294967296)) % ${bits} AS INTEGER)`;
}
