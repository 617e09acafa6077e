// What a service left on disk, held against what its senders know and against a recount of itself.
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../dist/store/duckdb-database.js';
import { SLOS } from './service.js';

const FILES = ['tocsin.duckdb', 'tocsin.duckdb.wal'];

const PER_BATCH = `SELECT (trace_id_high >> 32)::VARCHAR || '/' || ((((span_id & 4294967295) - 1) >> 14)::VARCHAR) AS name, count(*)::DOUBLE AS spans FROM stored_spans GROUP BY ALL`;
const DOUBLED = `SELECT count(*)::DOUBLE AS doubled FROM (SELECT 1 FROM stored_spans GROUP BY trace_id_high, trace_id_low, span_id, kind HAVING count(*) > 1)`;
const TABLES = `SELECT (SELECT count(*)::DOUBLE FROM spans_bulk) AS bulk, (SELECT count(*)::DOUBLE FROM spans_fresh) AS fresh, (SELECT coalesce(sum(spans), 0)::DOUBLE FROM archive_files) AS archived`;
const SLO_DIFFERENCES = `WITH
  counted AS (SELECT split_part(slice_key, '@', 1) AS slo, event_minute, arrival_minute, sum(good) AS good, sum(bad) AS bad FROM slo_slices GROUP BY ALL),
  recounted AS (${SLOS.map(({ name, sqlTotal, sqlBad }) => `
    SELECT '${name}' AS slo, (end_ms // 60000)::INTEGER AS event_minute, (arrival_ms // 60000)::INTEGER AS arrival_minute, count(*) FILTER (NOT (${sqlBad}))::DOUBLE AS good, count(*) FILTER (${sqlBad})::DOUBLE AS bad
    FROM stored_spans WHERE ${sqlTotal} GROUP BY ALL`).join(' UNION ALL ')})
  SELECT slo, event_minute, arrival_minute, c.good AS counted_good, r.good AS stored_good, c.bad AS counted_bad, r.bad AS stored_bad
  FROM counted AS c FULL JOIN recounted AS r USING (slo, event_minute, arrival_minute)
  WHERE c.good IS DISTINCT FROM r.good OR c.bad IS DISTINCT FROM r.bad LIMIT 3`;
const RED_DIFFERENCES = `WITH
  counted AS (SELECT service, operation, kind, event_minute, arrival_minute, sum(spans) AS spans, sum(errors) AS errors, sum(duration_ns) AS duration_ns FROM red_slices GROUP BY ALL),
  recounted AS (SELECT service, name AS operation, kind, (end_ms // 60000)::INTEGER AS event_minute, (arrival_ms // 60000)::INTEGER AS arrival_minute,
    count(*)::DOUBLE AS spans, count(*) FILTER (status = 2)::DOUBLE AS errors, sum(duration_ns)::DOUBLE AS duration_ns
    FROM stored_spans WHERE kind IN (2, 3, 4, 5) GROUP BY ALL)
  SELECT service, operation, kind, event_minute, arrival_minute, c.spans AS counted, r.spans AS stored, c.errors AS counted_errors, r.errors AS stored_errors, c.duration_ns AS counted_ns, r.duration_ns AS stored_ns
  FROM counted AS c FULL JOIN recounted AS r USING (service, operation, kind, event_minute, arrival_minute)
  WHERE c.spans IS DISTINCT FROM r.spans OR c.errors IS DISTINCT FROM r.errors OR c.duration_ns IS DISTINCT FROM r.duration_ns LIMIT 3`;
const LEDGER_DIFFERENCES = `WITH
  entries AS (SELECT arrival_minute, sum(received) AS received, sum(hot) AS hot, sum(rejected) AS rejected, sum(deduplicated) AS deduplicated FROM ledger WHERE signal = 'traces' GROUP BY ALL),
  pending AS (SELECT (arrival_ms // 60000)::INTEGER AS arrival_minute, count(*)::DOUBLE AS spans FROM spans GROUP BY ALL),
  gone AS (SELECT arrival_minute, sum(kept) AS kept, sum(sampled_out) AS sampled_out FROM left_hot GROUP BY ALL)
  SELECT * FROM entries FULL JOIN pending USING (arrival_minute) FULL JOIN gone USING (arrival_minute)
  WHERE received <> hot + rejected + deduplicated OR coalesce(hot, 0) <> coalesce(spans, 0) + coalesce(kept, 0) + coalesce(sampled_out, 0) LIMIT 3`;
const LEDGER = `SELECT protocol, sum(received) AS received, sum(hot) AS hot, sum(rejected) AS rejected, sum(deduplicated) AS deduplicated FROM ledger WHERE signal = 'traces' GROUP BY ALL`;

/**
 * Looks at a copy: the file itself is the service's to recover. `batches` are all that were ever sent, `acknowledged` the names of those answered with success.
 * @returns what is broken, in words, and what was found
 */
export async function inspect(dataDir, { batches, acknowledged }) {
  const copy = mkdtempSync(join(tmpdir(), 'tocsin-torture-copy-'));
  // A log that was written into the file is gone; a file that was never begun is not there.
  for (const file of FILES.filter((name) => existsSync(join(dataDir, name)))) cpSync(join(dataDir, file), join(copy, file));
  try {
    const database = await openDatabase(join(copy, FILES[0]));
    try {
      await database.transaction([{ sql: await storedSpans(database, dataDir) }]);
      return await examine((sql) => database.query({ sql }), batches, acknowledged);
    } finally {
      await database.close();
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Hot and archived, read from the files themselves and not the way in which the service reads them. */
async function storedSpans(database, dataDir) {
  const columns = 'trace_id_high, trace_id_low, span_id, kind, status, service, name, duration_ns, end_ms, arrival_ms';
  const files = (await database.query({ sql: 'SELECT path FROM archive_files' })).map(({ path }) => `'${join(dataDir, 'archive', path)}'`);
  const archived = files.length === 0 ? '' : `UNION ALL SELECT CAST('0x' || TraceId[1:16] AS UBIGINT), CAST('0x' || TraceId[17:32] AS UBIGINT), CAST('0x' || SpanId AS UBIGINT),
    (list_position(['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'], SpanKind) - 1)::UTINYINT, (list_position(['Unset', 'Ok', 'Error'], StatusCode) - 1)::UTINYINT,
    ServiceName, SpanName, Duration::BIGINT, (epoch_ns("Timestamp") + Duration::BIGINT) // 1000000, ArrivalMs FROM read_parquet([${files}], hive_partitioning = false)`;
  return `CREATE VIEW stored_spans AS SELECT ${columns} FROM spans ${archived}`;
}

async function examine(query, batches, acknowledged) {
  const stored = new Map((await query(PER_BATCH)).map(({ name, spans }) => [name, spans]));
  const [{ doubled }] = await query(DOUBLED);
  const [tables] = await query(TABLES);
  const ledger = await query(LEDGER);
  const broken = doubled > 0 ? [`${doubled} spans are stored more than once`] : [];
  for (const [name, { good }] of batches) {
    const found = stored.get(name) ?? 0;
    if (acknowledged.has(name) && found < good) broken.push(`batch ${name} was acknowledged and ${good - found} of its ${good} spans are missing`);
    else if (found !== 0 && found !== good) broken.push(`batch ${name} is stored in part: ${found} of ${good} spans`);
    stored.delete(name);
  }
  for (const name of stored.keys()) broken.push(`batch ${name} is stored and was never sent`);
  const differences = { 'SLO slices differ from a recount': SLO_DIFFERENCES, 'RED slices differ from a recount': RED_DIFFERENCES, 'the ledger does not balance': LEDGER_DIFFERENCES };
  for (const [problem, sql] of Object.entries(differences)) for (const row of await query(sql)) broken.push(`${problem}: ${JSON.stringify(row)}`);
  return { broken, ...tables, ledger };
}
