import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Database } from '../database.js';
import { openDatabase, type DuckdbDatabase } from '../duckdb-database.js';
import { settleArchivePlace } from './archive-place.js';
import { FsArchiveStorage } from './fs-archive-storage.js';

// An operator moves the archive, or starts with an empty database on an old one: nothing may be missed or removed without a word.
let directory = '';
let database: DuckdbDatabase;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tocsin-place-'));
  database = await openDatabase(':memory:');
});
afterEach(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

const settle = (name: string, port: Database = database): Promise<string | undefined> => settleArchivePlace(port, { name, storage: new FsArchiveStorage(join(directory, name)) });

async function archive(name: string, path: string): Promise<void> {
  put(name, path);
  await database.transaction([{ sql: `INSERT INTO archive_files VALUES ($path, $path, 0, 0, 0, 0, 0, 1, 1, '', 0)`, params: { path } }]);
}

function put(name: string, path: string): void {
  mkdirSync(dirname(join(directory, name, path)), { recursive: true });
  writeFileSync(join(directory, name, path), 'x');
}

test('an archive that was moved without its files is refused, and taken where they were copied to', async () => {
  await settle('old');
  await archive('old', 'date=2026-11-26/hour=11/1.parquet');
  await archive('old', 'date=2026-11-26/hour=12/2.parquet');
  expect(await settle('old')).toBeUndefined();
  expect(await settle('new')).toMatch(/^2 of the 2 files of the archive are not in new, date=2026-11-26\/hour=11\/1\.parquet for one; they are in old\./);
  put('new', 'date=2026-11-26/hour=11/1.parquet');
  expect(await settle('new')).toMatch(/^1 of the 2 files/);
  cpSync(join(directory, 'old'), join(directory, 'new'), { recursive: true });
  expect(await settle('new')).toBeUndefined();
  // From now on the archive is there, and what comes to it is missing in the old place.
  await archive('new', 'date=2026-11-27/hour=01/3.parquet');
  expect(await settle('old')).toMatch(/^1 of the 3 files .* they are in new\./);
});

test('the files of another database, or of one that was lost, are left alone', async () => {
  put('bucket', 'date=2026-11-26/hour=11/of-somebody.parquet');
  expect(await settle('bucket')).toMatch(/^bucket has 1 files of an archive that this database knows nothing of, .*of-somebody\.parquet for one/);
  await settle('own');
  await archive('own', 'date=2026-11-26/hour=11/1.parquet');
  put('bucket', 'date=2026-11-26/hour=11/1.parquet');
  expect(await settle('bucket')).toMatch(/^bucket has 1 files/);
  expect(readdirSync(join(directory, 'bucket'), { recursive: true })).toContain('date=2026-11-26/hour=11/of-somebody.parquet');
});

test('what a crash has left in the archive\'s own place is no reason to stop', async () => {
  await settle('own');
  put('own', 'date=2026-11-26/hour=11/left.parquet');
  expect(await settle('own')).toBeUndefined();
});

test('a database of before places were written down goes on where its archive is, also with a file lost and one left over', async () => {
  await archive('own', 'date=2026-11-26/hour=11/1.parquet');
  await archive('gone', 'date=2026-11-26/hour=11/lost.parquet');
  put('own', 'date=2026-11-26/hour=11/left.parquet');
  expect(await settle('elsewhere')).toMatch(/^2 of the 2 files .* they are elsewhere/);
  expect(await settle('own')).toBeUndefined();
});

test('files that wait to be removed are the archive\'s, moved or not', async () => {
  await settle('old');
  await archive('old', 'date=2026-11-26/hour=11/1.parquet');
  await database.transaction([{ sql: `INSERT INTO archive_retired VALUES ('date=2026-11-26/hour=11/merged.parquet', 0, 1)` }]);
  for (const path of ['1', 'merged']) put('new', `date=2026-11-26/hour=11/${path}.parquet`);
  expect(await settle('new')).toBeUndefined();
});
