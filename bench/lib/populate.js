// A data directory with a population of spans over several days: what is older than the hot retention is in the archive, as the service would have put it there.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_SAMPLING } from '../../dist/config/sampling.js';
import { keepBySampling } from '../../dist/pipeline/duckdb-sampling.js';
import { Archiver } from '../../dist/pipeline/system-archiver.js';
import { DuckdbArchive } from '../../dist/store/archive/duckdb-archive.js';
import { DuckdbLogArchive } from '../../dist/store/archive/duckdb-log-archive.js';
import { FsArchiveStorage } from '../../dist/store/archive/fs-archive-storage.js';
import { openDatabase } from '../../dist/store/duckdb-database.js';
import { addTemplates, removeTemplates, SPANS_PER_TRACE, trafficOf, writeHour } from './population.js';

const HOUR_MS = 3_600_000;
const HOT_HOURS = 6;

/**
 * Hours end with the one before `endHour`. Gives back what it cost; undefined where `untilMs` (of performance.now) came first: called once more it goes on with the hour after.
 * A population that was begun keeps the `endHour` that it was begun with.
 */
export async function populate(directory, { spans, hours, endHour, untilMs = Infinity }) {
  mkdirSync(directory, { recursive: true });
  const database = await openDatabase(join(directory, 'tocsin.duckdb'));
  const archive = new DuckdbArchive(database);
  const keep = keepBySampling({ database, rules: () => ({ ...DEFAULT_SAMPLING, budget: undefined }), burning: () => [] });
  const archiver = new Archiver({
    archive, logs: new DuckdbLogArchive(database), storage: new FsArchiveStorage(join(directory, 'archive')), generation: { current: 0 }, hotRetentionMs: HOT_HOURS * HOUR_MS, keep, limits: () => ({ ...DEFAULT_SAMPLING.retention, minFreeBytes: 0 }),
  });
  const begun = await progressOf(database, endHour - hours);
  const { first } = begun;
  // Of an hour that was broken off.
  await database.transaction([{ sql: 'DELETE FROM spans_bulk WHERE start_ns >= $since_ns', params: { since_ns: BigInt(first + begun.done) * BigInt(HOUR_MS) * 1_000_000n } }]);
  const weights = Array.from({ length: hours }, (_, index) => trafficOf(first + index));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  for (let index = begun.done; index < hours; index += 1) {
    if (performance.now() > untilMs) return database.close();
    await writeHour(database, { hour: first + index, traces: Math.round((spans / SPANS_PER_TRACE) * (weights[index] / total)), isDeployed: index > hours / 2 });
    const before = process.cpuUsage();
    await archiver.run((first + index + 1) * HOUR_MS).catch((error) => { throw new Error(`archiving hour ${index}`, { cause: error }); });
    const { user, system } = process.cpuUsage(before);
    await database.transaction([{ sql: 'UPDATE bench_progress SET done = $done, archiving_cpu = archiving_cpu + $cpu', params: { done: index + 1, cpu: user + system } }]);
  }
  const { archivingCpu } = await progressOf(database, first);
  await removeTemplates(database);
  const files = await archive.catalogue.files();
  const archived = files.reduce((sum, file) => sum + file.rows, 0);
  await database.close();
  return { archived, files: files.length, bytesPerSpan: files.reduce((sum, file) => sum + file.bytes, 0) / archived, cpuMicrosecondsPerSpan: archivingCpu / archived };
}

async function progressOf(database, first) {
  const [known] = await database.query({ sql: "SELECT 1 FROM information_schema.tables WHERE table_name = 'bench_progress'" });
  if (known === undefined) {
    await addTemplates(database);
    await database.transaction([{ sql: 'CREATE TABLE bench_progress(first_hour BIGINT, done INTEGER, archiving_cpu BIGINT)' }, { sql: `INSERT INTO bench_progress VALUES (${first}, 0, 0)` }]);
  }
  const [row] = await database.query({ sql: 'SELECT * FROM bench_progress' });
  return { first: Number(row.first_hour), done: Number(row.done), archivingCpu: Number(row.archiving_cpu) };
}

/** Whether a population is there and complete. */
export async function isPopulated(directory) {
  if (!existsSync(join(directory, 'tocsin.duckdb'))) return false;
  const database = await openDatabase(join(directory, 'tocsin.duckdb'));
  const tables = await database.query({ sql: "SELECT 1 FROM information_schema.tables WHERE table_name = 'bench_progress'" });
  await database.close();
  return tables.length === 0;
}
