// Makes a population of many spans out of one of fewer: the archived hours once more, so many times, each time earlier and with other ids, written
// straight into the archive's own layout (same columns, order, row groups and compression). What is hot stays as it is.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { PARQUET_OPTIONS } from '../../dist/store/archive/archive-columns.js';

const HOUR_MS = 3_600_000;
const DAY_HOURS = 24;
const DIGITS = '0123456789abcdef';
/** Files that are written beside each other. */
const AT_ONCE = 2;
/** A file is copied by one thread, so that its rows stay in their groups. */
const WRITER = { threads: '1', memory_limit: '1GB' };

/** `copies` in all, what is there included; whether they are all there once `untilMs` (of performance.now) has come. Goes on where it was broken off. */
export async function repeatArchive(directory, { database, copies, untilMs = Infinity }) {
  // Those that are no copies; and whole days, so that each is sorted once.
  const sources = await database.query({ sql: `SELECT file_id, path, hour, CAST(ceil((max(hour) OVER () - min(hour) OVER () + 1) / ${DAY_HOURS}) * ${DAY_HOURS} AS BIGINT) AS hours FROM archive_files WHERE NOT contains(file_id, '+') ORDER BY hour, path` });
  const instance = await DuckDBInstance.create(':memory:', WRITER);
  const connections = await Promise.all(Array.from({ length: AT_ONCE }, () => instance.connect()));
  const done = Number((await database.query({ sql: 'SELECT count(*) AS files FROM archive_files' }))[0].files) / sources.length;
  let copy = Math.floor(done);
  for (; copy < copies && performance.now() < untilMs; copy += 1) {
    const waiting = [...sources];
    const written = [];
    await Promise.all(connections.map(async (connection) => {
      for (let source = waiting.shift(); source !== undefined; source = waiting.shift()) written.push(await writeCopy(connection, { directory, source, copy }));
    }));
    await catalogue(database, written, copy);
  }
  for (const connection of connections) connection.closeSync();
  instance.closeSync();
  return copy >= copies;
}

async function writeCopy(connection, { directory, source, copy }) {
  const hour = Number(source.hour) - copy * Number(source.hours);
  const shiftNs = BigInt(copy) * source.hours * BigInt(HOUR_MS) * 1_000_000n;
  const at = new Date(hour * HOUR_MS).toISOString();
  const path = `date=${at.slice(0, 10)}/hour=${at.slice(11, 13)}/${hour}-${copy.toString(16).padStart(2, '0')}${createHash('sha256').update(source.path).digest('hex').slice(0, 6)}.parquet`;
  const target = join(directory, 'archive', path);
  mkdirSync(dirname(target), { recursive: true });
  // Each hexadecimal digit exclusive-or the number of the copy: another id, and the same one everywhere in the copy.
  const other = [...DIGITS].map((digit) => DIGITS[Number.parseInt(digit, 16) ^ copy]).join('');
  const id = (column) => `translate(${column}, '${DIGITS}', '${other}')`;
  const earlier = (column) => `make_timestamp_ns(epoch_ns(${column}) - ${shiftNs})`;
  await connection.run(`COPY (SELECT * REPLACE (${earlier('"Timestamp"')} AS "Timestamp", ${id('"TraceId"')} AS "TraceId", ${id('"SpanId"')} AS "SpanId", ${id('"ParentSpanId"')} AS "ParentSpanId",
    "ArrivalMs" - ${shiftNs / 1_000_000n} AS "ArrivalMs", list_transform("Events", lambda e: {'Timestamp': ${earlier('e."Timestamp"')}, 'Name': e."Name", 'Attributes': e."Attributes", 'Typed': e."Typed"}) AS "Events")
    FROM read_parquet('${join(directory, 'archive', source.path)}', hive_partitioning = false)) TO '${target}' (${PARQUET_OPTIONS})`);
  return { source: source.file_id, id: `${source.file_id}+${copy}`, path, hour, shiftMs: Number(shiftNs / 1_000_000n), bytes: statSync(target).size, sha256: createHash('sha256').update(readFileSync(target)).digest('hex') };
}

/** What the database knows of a file, but for its own columns as its source has it: filters and groups speak of what the copy did not change. */
function catalogue(database, written, copy) {
  const mask = BigInt(copy) * 0x1111111111111111n;
  const rows = written.map((file) => `('${file.source}', '${file.id}', '${file.path}', ${file.hour}, ${file.shiftMs}, ${file.bytes}, '${file.sha256}')`).join(', ');
  const days = [...new Set(written.map(({ hour }) => Math.floor(hour / DAY_HOURS)))];
  return database.transaction([
    { sql: 'CREATE TEMP TABLE IF NOT EXISTS copied(file_id VARCHAR, new_id VARCHAR, new_path VARCHAR, new_hour BIGINT, shift_ms BIGINT, new_bytes BIGINT, new_sha256 VARCHAR)' },
    { sql: 'DELETE FROM copied' }, { sql: `INSERT INTO copied VALUES ${rows}` },
    { sql: `INSERT INTO archive_groups BY NAME SELECT g.* REPLACE (c.new_id AS file_id) FROM archive_groups g JOIN copied c USING (file_id)` },
    { sql: `INSERT INTO archive_filters BY NAME SELECT f.* REPLACE (c.new_id AS file_id) FROM archive_filters f JOIN copied c USING (file_id)` },
    // As maintenance leaves them: each day sorted as a whole.
    ...days.flatMap((day) => [
      { sql: `INSERT INTO archived_traces BY NAME SELECT t.* REPLACE (xor(t.trace_id_high, ${mask}::UBIGINT) AS trace_id_high, xor(t.trace_id_low, ${mask}::UBIGINT) AS trace_id_low, c.new_id AS file_id)
        FROM archived_traces t JOIN copied c USING (file_id) WHERE c.new_hour // ${DAY_HOURS} = ${day} ORDER BY xor(t.trace_id_low, ${mask}::UBIGINT)` },
      { sql: `INSERT INTO archive_sorted_days VALUES (${day})` },
    ]),
    { sql: `INSERT INTO archive_files BY NAME SELECT f.* REPLACE (c.new_id AS file_id, c.new_path AS path, c.new_hour AS hour, f.min_end_ms - c.shift_ms AS min_end_ms, f.max_end_ms - c.shift_ms AS max_end_ms,
      f.min_arrival_ms - c.shift_ms AS min_arrival_ms, f.max_arrival_ms - c.shift_ms AS max_arrival_ms, f.written_ms - c.shift_ms AS written_ms, c.new_bytes AS bytes, c.new_sha256 AS sha256) FROM archive_files f JOIN copied c USING (file_id)` },
  ]);
}
