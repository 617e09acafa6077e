import { execFile } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openDatabase } from '../../src/store/duckdb-database.js';
import { ROOT } from '../support/repository.js';

/** Generous: the campaigns wait for what happens, not for time to pass, and the machine may be busy. */
const CAMPAIGN_MS = 600_000;
vi.setConfig({ testTimeout: CAMPAIGN_MS, hookTimeout: 120_000 });

/** Short runs of the campaigns, with another seed each time; `npm run torture:…` are the long ones. A violation ends them with 1. */
async function campaign(name: string, rounds: number): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, 'torture', `${name}.js`), '--rounds', String(rounds)], { timeout: CAMPAIGN_MS - 10_000 });
  process.stdout.write(stdout);
  return stdout;
}

describe('campaigns', () => {
  test('kill -9 in the middle of ingest loses nothing that was acknowledged and stores nothing twice', async () => {
    expect(await campaign('crash', 2)).toContain('every promise kept');
  });

  test('what is sent many times over, in the same and in other bytes, also over restarts, is stored once', async () => {
    expect(await campaign('duplicates', 2)).toContain('every promise kept');
  });

  test('a disk that goes away and comes back costs senders patience only', async () => {
    const said = await campaign('disk', 3);
    if (process.env['TOCSIN_TEST_REQUIRE'] === 'all' && process.getuid?.() === 0) expect(said).not.toContain('SKIPPED: full disk');
    expect(said).toMatch(/every promise kept|SKIPPED: mounting small file systems needs root|SKIPPED: full disk/);
  });
});

interface Batch {
  readonly name: string;
  readonly good: number;
  bytes(): Buffer;
}
interface Ground {
  readonly directory: string;
  readonly dataDir: string;
  start(): { readonly ready: Promise<object>; stop(): Promise<{ readonly code: number | null }> };
  remove(): void;
}
interface Sent {
  readonly batches: ReadonlyMap<string, Batch>;
  readonly acknowledged: ReadonlySet<string>;
}
interface Exporter {
  send(protocol: string, bytes: Buffer): Promise<{ readonly kind: string }>;
  close(): void;
}
interface Library {
  readonly BatchMaker: new (salt: number) => { next(spans: number): Batch };
  readonly Ground: new () => Ground;
  readonly Exporter: new (addresses: object) => Exporter;
  inspect(dataDir: string, sent: Sent): Promise<{ readonly broken: readonly string[]; readonly fresh: number }>;
}

async function library(): Promise<Library> {
  const parts = await Promise.all(['batches', 'service', 'exporter', 'inspect'].map((name) => import(new URL(`../../torture/lib/${name}.js`, import.meta.url).href) as Promise<object>));
  return Object.assign({}, ...parts) as Library;
}

describe('the recount of a campaign', () => {
  let ground: Ground | undefined;
  let sent: Sent = { batches: new Map(), acknowledged: new Set() };
  let lib: Library | undefined;
  beforeAll(async () => {
    lib = await library();
    ground = new lib.Ground();
    const service = ground.start();
    const exporter = new lib.Exporter(await service.ready);
    const batch = new lib.BatchMaker(1).next(200);
    expect(await exporter.send('http', batch.bytes())).toEqual({ kind: 'stored' });
    exporter.close();
    expect((await service.stop()).code).toBe(0);
    sent = { batches: new Map([[batch.name, batch]]), acknowledged: new Set([batch.name]) };
  });
  afterAll(() => ground?.remove());

  /** What it says of a copy in which `sql` was done. */
  async function brokenAfter(sql: string): Promise<readonly string[]> {
    if (ground === undefined || lib === undefined) throw new Error('the service did not start');
    const copy = join(ground.directory, `copy-${String(copies++)}`);
    cpSync(ground.dataDir, copy, { recursive: true });
    const database = await openDatabase(join(copy, 'tocsin.duckdb'));
    await database.transaction([{ sql }]);
    await database.close();
    return (await lib.inspect(copy, sent)).broken;
  }
  let copies = 0;
  const SOME = `(SELECT span_id FROM spans_fresh ORDER BY span_id LIMIT 1)`;

  test('finds nothing where nothing is wrong', async () => {
    expect(await brokenAfter('SELECT 1')).toEqual([]);
  });

  test.each([
    { wrong: 'a span that is gone', sql: `DELETE FROM spans_fresh WHERE span_id = ${SOME}`, says: '1 of its 200 spans are missing' },
    { wrong: 'a span that is there twice', sql: `INSERT INTO spans_fresh SELECT * FROM spans_fresh WHERE span_id = ${SOME}`, says: '1 spans are stored more than once' },
    { wrong: 'a span that was never sent', sql: `UPDATE spans_fresh SET trace_id_high = 9::UBIGINT * 4294967296 WHERE span_id = ${SOME}`, says: 'was never sent' },
    { wrong: 'a good event too many', sql: 'UPDATE slo_slices SET good = good + 1', says: 'SLO slices differ' },
    { wrong: 'a bad event too few', sql: 'UPDATE slo_slices SET bad = bad - 1', says: 'SLO slices differ' },
    { wrong: 'an SLO that was not counted', sql: 'DELETE FROM slo_slices', says: 'SLO slices differ' },
    { wrong: 'an error too many', sql: 'UPDATE red_slices SET errors = errors + 1', says: 'RED slices differ' },
    { wrong: 'a duration that is wrong', sql: 'UPDATE red_slices SET duration_ns = duration_ns + 1', says: 'RED slices differ' },
    { wrong: 'a ledger that received more', sql: 'UPDATE ledger SET received = received + 1', says: 'the ledger does not balance' },
    { wrong: 'a ledger that says what was not stored', sql: 'UPDATE ledger SET received = received + 1, hot = hot + 1', says: 'the ledger does not balance' },
    { wrong: 'a ledger that is empty', sql: 'DELETE FROM ledger', says: 'the ledger does not balance' },
  ])('finds $wrong', async ({ sql, says }) => {
    expect((await brokenAfter(sql)).join('\n')).toContain(says);
  });
});
