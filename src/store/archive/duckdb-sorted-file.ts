import { rm } from 'node:fs/promises';
import type { Database } from '../database.js';
import { quoted } from '../literal-sql.js';
import { isOutOfMemory } from '../out-of-memory.js';
import { ARCHIVE_ORDER, parquetFiles, PARQUET_OPTIONS } from './archive-columns.js';

export interface SortedFile {
  /** What goes into the file, with columns "ServiceName" and "Timestamp". */
  readonly select: string;
  readonly file: string;
  /** About how many rows that is. */
  readonly rows: number;
}

/**
 * Rows that are sorted in one go. DuckDB moves what it sorts to disk, but maps and lists only in part: 250,000 spans with six attributes
 * do not fit into the 224 MB that it has (bench/RESULTS.md).
 */
const ROWS_AT_ONCE = 100_000;
/** What does not fit even so (long attributes, stack traces) is tried once more in so many times as many pieces. */
const MORE_PIECES = 4;
const MOST_PIECES = 1_024;

/** Writes one Parquet file, sorted by service and time: in one go, or piece by piece in files of their own that become one. */
export async function writeSorted(database: Database, sorted: SortedFile, pieces = Math.max(1, Math.ceil(sorted.rows / ROWS_AT_ONCE))): Promise<void> {
  try {
    await (pieces === 1 ? copySorted(database, sorted.select, sorted.file) : copyPieces(database, sorted, pieces));
  } catch (error) {
    if (!isOutOfMemory(error) || pieces * MORE_PIECES > MOST_PIECES) throw error;
    await writeSorted(database, sorted, pieces * MORE_PIECES);
  }
}

async function copySorted(database: Database, select: string, file: string): Promise<void> {
  await database.query({ sql: `COPY (${select} ORDER BY ${ARCHIVE_ORDER}) TO ${quoted(file)} (${PARQUET_OPTIONS})` });
}

async function copyPieces(database: Database, { select, file }: SortedFile, pieces: number): Promise<void> {
  const ranges = await rangesOf(database, select, pieces);
  const parts = ranges.map((_, index) => `${file}.${index}`);
  try {
    for (const [index, range] of ranges.entries()) await copySorted(database, `SELECT * FROM (${select}) WHERE ${range}`, parts[index] ?? '');
    await database.query({ sql: `COPY (SELECT * FROM ${parquetFiles(parts)}) TO ${quoted(file)} (${PARQUET_OPTIONS})` });
  } finally {
    for (const part of parts) await rm(part, { force: true });
  }
}

/** Conditions of pieces of about the same size, in their order. To find them, only what they are sorted by is sorted. */
async function rangesOf(database: Database, select: string, pieces: number): Promise<readonly string[]> {
  const rows = await database.query({ sql: `SELECT min(place).service AS service, min(place).ns AS ns FROM (
    SELECT {'service': "ServiceName", 'ns': epoch_ns("Timestamp")} AS place, ntile(${pieces}) OVER (ORDER BY ${ARCHIVE_ORDER}) AS piece FROM (${select})
  ) GROUP BY piece ORDER BY piece` });
  const from = rows.map((row, index) => (index === 0 ? 'TRUE' : isFrom(quoted(String(row['service'])), String(row['ns']))));
  return from.map((start, index) => [start, ...from.slice(index + 1, index + 2).map((next) => `NOT ${next}`)].join(' AND '));
}

/** Whether a row's place in the order is this one or a later one. */
function isFrom(service: string, ns: string): string {
  return `("ServiceName" > ${service} OR ("ServiceName" = ${service} AND epoch_ns("Timestamp") >= ${ns}))`;
}
