// Has readers take all memory that the database may use, while rows are written, and counts what is there:
//   npm run torture:memory -- [--rounds 30] [--seed N] [--minutes 10]
// DuckDB fails commits, rollbacks and checkpoints then, some of which count all the same, and what it holds of the table in memory is wrong. Each
// transaction that was answered with success must be there whole, of those that failed nothing may be, and writing must go on by itself.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../dist/store/duckdb-database.js';
import { endIfBroken, pause, readOptions, say } from './lib/campaign.js';

const MEMORY_LIMITS = ['60MB', '80MB', '100MB'];
const TRANSACTIONS = 60;
/** Numbers of a transaction's rows begin at its own number times this. */
const ROWS = 20_000;
const CHECKPOINT_BYTES = 8 << 20;
const TABLE = { number: 1, name: 'rows', sql: 'CREATE TABLE rows (id BIGINT, short VARCHAR, long VARCHAR)' };
/** Keeps all it reads, and cannot put it to disk. */
const GREEDY = 'SELECT count(*) AS n FROM (SELECT short, list(long) AS all_of_it FROM rows GROUP BY short) WHERE len(all_of_it) > 1';
const FOUND = `SELECT (id // ${ROWS})::INTEGER AS transaction, count(*)::INTEGER AS found, count(*) FILTER (short <> md5(id::VARCHAR) OR long <> repeat(md5((id * 7)::VARCHAR), 6))::INTEGER AS torn FROM rows GROUP BY ALL`;

/** Bound for a machine that is busy with other things. */
const WRITES_WITHIN_MS = 60_000;

const { rounds, untilMs, random } = readOptions({ rounds: 30, minutes: 10 });
const total = { stored: 0, failed: 0, reopened: 0, greedy: 0 };
let round = 0;

async function oneRound() {
  const directory = mkdtempSync(join(tmpdir(), 'tocsin-torture-memory-'));
  const database = await openDatabase(join(directory, 'rows.duckdb'), { memoryLimit: random.pick(MEMORY_LIMITS), checkpointBytes: CHECKPOINT_BYTES, migrations: [TABLE] });
  let writing = true;
  const reading = Array.from({ length: 2 }, async () => {
    while (writing) await database.query({ sql: GREEDY }).catch(() => { total.greedy += 1; });
  });
  const [stored, failed] = [new Map(), new Map()];
  try {
    for (let transaction = 1; transaction <= TRANSACTIONS; transaction += 1) {
      const count = 1_000 + random.below(14_000);
      const [from, to] = [transaction * ROWS, transaction * ROWS + count];
      await database.transaction([{ sql: `INSERT INTO rows SELECT range, md5(range::VARCHAR), repeat(md5((range * 7)::VARCHAR), 6) FROM range(${from}, ${to})` }])
        .then(() => stored.set(transaction, count), () => failed.set(transaction, count));
    }
    writing = false;
    await Promise.all(reading);
    await writesAgain(database);
    endIfBroken(brokenIn(await database.query({ sql: FOUND }), stored, failed), `round ${round + 1}`);
    total.stored += stored.size;
    total.failed += failed.size;
    total.reopened += database.health().reopened;
    say(`round ${round + 1}: ${stored.size} transactions stored, ${failed.size} failed, opened anew ${database.health().reopened} times`);
  } finally {
    writing = false;
    await Promise.all(reading);
    await database.close();
    rmSync(directory, { recursive: true });
  }
}

/** Nobody reads any more: nothing is in its way. */
async function writesAgain(database) {
  const endMs = performance.now() + WRITES_WITHIN_MS;
  for (;;) {
    const error = await database.transaction([{ sql: 'INSERT INTO rows VALUES (0, md5(\'0\'), repeat(md5(\'0\'), 6))' }, { sql: 'DELETE FROM rows WHERE id = 0' }]).then(() => undefined, (reason) => reason);
    if (error === undefined) return;
    if (performance.now() > endMs) endIfBroken([`it does not write any more: ${error.message}`], `round ${round + 1}`);
    await pause(100);
  }
}

function brokenIn(rows, stored, failed) {
  const found = new Map(rows.map((row) => [row.transaction, row]));
  const lost = [...stored].filter(([transaction, count]) => found.get(transaction)?.found !== count).map(([transaction, count]) => `${found.get(transaction)?.found ?? 0} of the ${count} rows of transaction ${transaction}, which was stored`);
  const torn = rows.filter((row) => row.torn > 0).map((row) => `${row.torn} rows of transaction ${row.transaction} have texts of others`);
  const left = rows.filter(({ transaction }) => !stored.has(transaction)).map(({ transaction, found: count }) => `${count} of the ${failed.get(transaction)} rows of transaction ${transaction}, which failed`);
  return [...lost, ...torn, ...left];
}

for (; round < rounds && Date.now() < untilMs; round += 1) await oneRound();
say(`OK: ${round} rounds, ${total.stored} transactions stored, ${total.failed} failed, opened anew ${total.reopened} times, ${total.greedy} reads without memory`);
