import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase, type DuckdbDatabase } from '../store/duckdb-database.js';
import type { Change } from './change.js';
import { DuckdbChangeBook } from './duckdb-change-book.js';

let database: DuckdbDatabase;
beforeEach(async () => {
  database = await openDatabase(':memory:');
});
afterEach(() => database.close());

const change = (more: Partial<Change> = {}): Change => ({ id: 'a', atMs: 1_000, kind: 'deployment', service: 'payment', version: 'v2', title: "it's new", by: 'ci', url: 'https://ci.example/1', ...more });

test('what was recorded is read back, newest first, and the same id replaces it', async () => {
  const book = new DuckdbChangeBook(database);
  await book.record(change());
  await book.record(change({ id: 'b', atMs: 2_000, kind: 'note', service: undefined, version: undefined, url: undefined }));
  await book.record(change({ title: 'again' }));
  expect(await book.list({ fromMs: 0, toMs: 2_001 })).toEqual([change({ id: 'b', atMs: 2_000, kind: 'note', service: undefined, version: undefined, url: undefined }), change({ title: 'again' })]);
  expect(await book.list({ fromMs: 1_001, toMs: 2_000 })).toEqual([]);
});
