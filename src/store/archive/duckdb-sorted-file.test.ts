import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase, type DuckdbDatabase } from '../duckdb-database.js';
import { ARCHIVE_ORDER, PARQUET_OPTIONS } from './archive-columns.js';
import { writeSorted } from './duckdb-sorted-file.js';

let directory = '';
let file = '';
let database: DuckdbDatabase;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tocsin-sorted-'));
  file = join(directory, 'sorted.parquet');
  database = await openDatabase(join(directory, 'tocsin.duckdb'), { memoryLimit: '96MB', threads: 1 });
});
afterEach(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Rows of some services in no order, some of them at the same time, with `bytes` of attributes each. */
function rows(count: number, bytes: number): string {
  return `SELECT 'service ' || (hash(i) % 3) AS "ServiceName", make_timestamp_ns((hash(i + 7) % 5000)::BIGINT * 1000000) AS "Timestamp", i AS id,
    MAP {'a': repeat(md5(i::VARCHAR), ${Math.ceil(bytes / 32)})} AS "SpanAttributes" FROM range(${count}) t(i)`;
}

async function expectSorted(count: number): Promise<void> {
  const [row] = await database.query({ sql: `SELECT count(*)::INTEGER AS rows, count(DISTINCT id)::INTEGER AS ids, count(*) FILTER (NOT in_order)::INTEGER AS wrong
    FROM (SELECT id, coalesce(({'s': "ServiceName", 't': "Timestamp"} >= lag({'s': "ServiceName", 't': "Timestamp"}) OVER (ORDER BY file_row_number)), TRUE) AS in_order FROM read_parquet('${file}'))` });
  expect(row).toEqual({ rows: count, ids: count, wrong: 0 });
  expect(readdirSync(directory).filter((name) => name.startsWith('sorted'))).toEqual(['sorted.parquet']);
}

test('what does not fit into memory is sorted piece by piece, and is one file in the end', async () => {
  const select = rows(60_000, 1_000);
  // So that this test is about something.
  await expect(database.query({ sql: `COPY (${select} ORDER BY ${ARCHIVE_ORDER}) TO '${file}' (${PARQUET_OPTIONS})` })).rejects.toThrow('Out of Memory Error');
  await writeSorted(database, { select, file, rows: 60_000 });
  await expectSorted(60_000);
});

test('many rows are sorted in pieces from the start; a piece may be empty', async () => {
  await writeSorted(database, { select: rows(5, 10), file, rows: 900_000 });
  await expectSorted(5);
  await writeSorted(database, { select: rows(0, 10), file, rows: 0 });
  await expectSorted(0);
});
