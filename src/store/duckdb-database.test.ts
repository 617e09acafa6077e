import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { failNextCommit } from '../../test/support/failing-commit.js';
import { DatabaseUnavailableError } from './database-error.js';
import { type DuckdbDatabase, openDatabase } from './duckdb-database.js';
import { migrate, readMigrations } from './duckdb-migrations.js';
import { UnsettledError } from './duckdb-transaction.js';

let directory = '';
const opened: DuckdbDatabase[] = [];
beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'tocsin-store-')); });
afterEach(async () => {
  for (const database of opened.splice(0)) await database.close();
  rmSync(directory, { recursive: true, force: true });
});

async function open(path = join(directory, 'tocsin.duckdb'), options = {}): Promise<DuckdbDatabase> {
  const database = await openDatabase(path, options);
  opened.push(database);
  return database;
}

describe('values', () => {
  test('cells come back in the types of the contract', async () => {
    const database = await open(':memory:');
    const rows = await database.query({
      sql: `SELECT $text AS text, 7::BIGINT AS big, 18446744073709551615::UBIGINT AS unsigned, 7::INTEGER AS small, 0.5::DOUBLE AS ratio,
            true AS flag, NULL AS nothing, 'ab'::BLOB AS bytes, sum(1) AS total, TIMESTAMP '2026-11-20 00:00:00' AS at`,
      params: { text: 'ünï' },
    });
    expect(rows).toEqual([{
      text: 'ünï', big: 7n, unsigned: 18446744073709551615n, small: 7, ratio: 0.5, flag: true, nothing: null,
      bytes: Buffer.from('ab'), total: 1n, at: '2026-11-20T00:00:00.000Z',
    }]);
  });

  test.each([0n, 1n, 2n ** 63n, 2n ** 64n - 1n])('an unsigned 64-bit id %s is found again', async (id) => {
    const database = await open(':memory:');
    await database.transaction([{ sql: "INSERT INTO resources VALUES ($id, 'shop', '{}')", params: { id } }]);
    expect(await database.query({ sql: 'SELECT resource_id AS id FROM resources WHERE resource_id = $id', params: { id } })).toEqual([{ id }]);
  });

  test('a missing parameter is a bug that is told', async () => {
    const database = await open(':memory:');
    await expect(database.query({ sql: 'SELECT $one, $two', params: { two: 2 } })).rejects.toThrow('parameter $one is missing');
    await expect(database.query({ sql: 'SELECT $one' })).rejects.toThrow('Expected 1 parameters, but none were supplied');
  });
});

describe('transactions', () => {
  test('a failing statement undoes the ones before it, and the next transaction works', async () => {
    const database = await open();
    const insert = (minute: number) => ({ sql: 'INSERT INTO uptime VALUES ($minute)', params: { minute } });
    await expect(database.transaction([insert(1), insert(2), insert(1)])).rejects.toThrow();
    await database.transaction([insert(3)]);
    expect(await database.query({ sql: 'SELECT minute FROM uptime' })).toEqual([{ minute: 3 }]);
  });

  test('many at once do not mix', async () => {
    const database = await open();
    await Promise.all(Array.from({ length: 50 }, (_, minute) => database.transaction([{ sql: 'INSERT INTO uptime VALUES ($minute)', params: { minute } }])));
    const answers = await Promise.all(Array.from({ length: 50 }, (_, minute) => database.query({ sql: 'SELECT minute FROM uptime WHERE minute = $minute', params: { minute } })));
    expect(answers.map((rows) => rows[0]?.['minute'])).toEqual(Array.from({ length: 50 }, (_, minute) => minute));
  });

  test('a reader does not wait for the writer', async () => {
    const database = await open();
    let release = (): void => undefined;
    const held = database.exclusively(() => new Promise<void>((resolve) => { release = resolve; }));
    expect(await database.query({ sql: 'SELECT 1 AS one' })).toEqual([{ one: 1 }]);
    release();
    await held;
  });
});

describe('a commit that fails for want of memory', () => {
  const insert = (minute: number) => ({ sql: 'INSERT INTO uptime VALUES ($minute)', params: { minute } });

  test('has the file opened anew, which alone knows; who keeps something of it in memory is told', async () => {
    const database = await open();
    const prepared: unknown[] = [];
    await database.prepareWriter(async ({ connection }) => { prepared.push(await (await connection.run('SELECT list(minute) FROM uptime')).getRowsJS()); });
    failNextCommit({ counts: true });
    await database.transaction([insert(7)]);
    await database.transaction([insert(8)]);
    expect(await database.query({ sql: 'SELECT minute FROM uptime ORDER BY minute' })).toEqual([{ minute: 7 }, { minute: 8 }]);
    expect(database.health().reopened).toBe(1);
    expect(prepared).toEqual([[[null]], [[[7]]]]);
  });

  test('rejects where it is not in the file, whatever others write right after it', async () => {
    const database = await open();
    await database.transaction([insert(5)]);
    await expect(database.transaction([insert(6), insert(6)])).rejects.toThrow('duplicate key');
    await database.exclusively(({ connection }) => connection.run('CHECKPOINT tocsin'));
    failNextCommit({ counts: false });
    const settled = await Promise.allSettled([insert(7), insert(8)].map((statement) => database.transaction([statement])));
    expect(settled).toEqual([{ status: 'rejected', reason: expect.any(UnsettledError) }, { status: 'fulfilled', value: undefined }]);
    expect(await database.query({ sql: 'SELECT minute FROM uptime ORDER BY minute' })).toEqual([{ minute: 5 }, { minute: 8 }]);
  });

  test('leaves the file as it is: what memory holds of it is wrong', async () => {
    const database = await open();
    await database.transaction([{ sql: 'INSERT INTO uptime SELECT range FROM range(100, 5000)' }]);
    const { walBytes } = database.health();
    failNextCommit({ counts: true });
    await database.transaction([insert(7)]);
    expect(database.health().walBytes).toBeGreaterThan(walBytes);
  });

  test('ends what is being read, which is asked again', async () => {
    const database = await open();
    const long = database.query({ sql: 'WITH RECURSIVE steps(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM steps WHERE i < CASE WHEN (SELECT count(*) FROM uptime) = 0 THEN 2000000000 ELSE 3 END) SELECT max(i) AS last FROM steps' });
    failNextCommit({ counts: true });
    await database.transaction([insert(7)]);
    expect(await long).toEqual([{ last: 3 }]);
  });
});

describe('migrations', () => {
  test('are applied once and survive a restart', async () => {
    const first = await open();
    await first.transaction([{ sql: 'INSERT INTO uptime VALUES (5)' }]);
    await first.close();
    const second = await open();
    expect(await second.query({ sql: 'SELECT minute FROM uptime' })).toEqual([{ minute: 5 }]);
    expect(await second.query({ sql: 'SELECT number FROM migrations ORDER BY number' })).toEqual(readMigrations().map(({ number }) => ({ number })));
  });

  test('a failing one leaves nothing behind', async () => {
    const broken = [...readMigrations(), { number: 9998, name: 'broken', sql: 'CREATE TABLE half (a INTEGER); SELECT nonsense;' }];
    await expect(open(undefined, { migrations: broken })).rejects.toThrow('migration 9998 broken failed');
    const database = await open();
    expect(await database.query({ sql: "SELECT count(*)::INTEGER AS tables FROM information_schema.tables WHERE table_name = 'half'" })).toEqual([{ tables: 0 }]);
  });

  test('a file of a newer Tocsin is refused and left alone', async () => {
    const newer = await open(undefined, { migrations: [...readMigrations(), { number: 9999, name: 'from-the-future', sql: 'CREATE TABLE future (a INTEGER)' }] });
    await newer.close();
    await expect(open()).rejects.toMatchObject({ reason: 'newer', message: expect.stringContaining('migration 9999 from-the-future') });
  });
});

describe('a file that cannot be opened', () => {
  test('held by another process: the message names it', async () => {
    const path = join(directory, 'tocsin.duckdb');
    await open(path);
    const program = `
      const { DuckDBInstance } = require(${JSON.stringify(createRequire(import.meta.url).resolve('@duckdb/node-api'))});
      DuckDBInstance.create(process.argv[1]).then(() => process.stdout.write('opened'), (error) => process.stdout.write(error.message));`;
    const { explainOpenFailure } = await import('./database-error.js');
    const said = execFileSync(process.execPath, ['-e', program, path], { encoding: 'utf8' });
    const problem = explainOpenFailure(path, said);
    expect(problem.reason).toBe('locked');
    expect(problem.message).toBe(`${path} is in use by process ${process.pid}: stop it, or set TOCSIN_DATA_DIR to another directory.`);
  });

  test('not a database', async () => {
    const path = join(directory, 'tocsin.duckdb');
    writeFileSync(path, 'this is not a database, but it is long enough to be read as the header of one '.repeat(100));
    await expect(open(path)).rejects.toMatchObject({ reason: 'unreadable', message: expect.stringContaining(path) });
  });

  test('a data directory that cannot be made', async () => {
    writeFileSync(join(directory, 'file'), '');
    await expect(open(join(directory, 'file', 'tocsin.duckdb'))).rejects.toBeInstanceOf(DatabaseUnavailableError);
  });

  // Root may write anywhere but where the kernel itself says no.
  test('a log that cannot be looked at any more, as where the rights of the directory were taken away, ends nothing', async () => {
    const database = await open();
    await database.transaction([{ sql: 'CREATE TABLE t(i INTEGER)' }]);
    const log = join(directory, 'tocsin.duckdb.wal');
    renameSync(log, `${log}.away`);
    // Root may look everywhere, but not where a link leads to itself.
    symlinkSync(log, log);
    await database.transaction([{ sql: 'INSERT INTO t VALUES (1)' }]);
    expect([database.health().walBytes, await database.query({ sql: 'SELECT i FROM t' })]).toEqual([0, [{ i: 1 }]]);
    renameSync(`${log}.away`, log);
  });

  test('a data directory where nothing can be written', async () => {
    await expect(open('/proc/nowhere/deep/tocsin.duckdb')).rejects.toMatchObject({ reason: 'not-writable', message: expect.stringContaining('TOCSIN_DATA_DIR') });
  });
});

describe('a file of the time before whole row groups', () => {
  test('opens with its spans, and takes more', async () => {
    const path = join(directory, 'older.duckdb');
    const older = await DuckDBInstance.create(path);
    const connection = await older.connect();
    await migrate(connection, readMigrations().filter(({ number }) => number < 5));
    await connection.run(`INSERT INTO spans SELECT 1, i, i, 0, 'older', 2, 0, '', i, i, 1, 'shop', 1, '', '', '{}', NULL, NULL, '', 0, 1, false, 0, i, false FROM range(150000) t(i)`);
    connection.closeSync();
    older.closeSync();
    const database = await openDatabase(path);
    await database.transaction([{ sql: "INSERT INTO spans_fresh SELECT 1, i, i, 0, 'newer', 2, 0, '', i, i, 1, 'shop', 1, '', '', '{}', NULL, NULL, '', 0, 1, false, 0, i, false, 0 FROM range(20000) t(i)" }]);
    await database.close();
    const again = await openDatabase(path);
    expect(await again.query({ sql: 'SELECT name, count(*)::INTEGER AS spans FROM spans GROUP BY name ORDER BY name' })).toEqual([{ name: 'newer', spans: 20_000 }, { name: 'older', spans: 150_000 }]);
    await again.close();
  });
});
