// A data directory with a population of spans over several days: what is older than the hot retention is in the archive, as the service would have put it there.
import { mkdirSync } from 'node:fs';
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

/** Hours end with the one before `endHour`. Gives back what it cost. */
export async function populate(directory, { spans, hours, endHour, onHour = () => {} }) {
  mkdirSync(directory, { recursive: true });
  const database = await openDatabase(join(directory, 'tocsin.duckdb'));
  const archive = new DuckdbArchive(database);
  const keep = keepBySampling({ database, rules: () => ({ ...DEFAULT_SAMPLING, budget: undefined }), burning: () => [] });
  const archiver = new Archiver({
    archive, logs: new DuckdbLogArchive(database), storage: new FsArchiveStorage(join(directory, 'archive')), generation: { current: 0 }, hotRetentionMs: HOT_HOURS * HOUR_MS, keep, limits: () => ({ ...DEFAULT_SAMPLING.retention, minFreeBytes: 0 }),
  });
  await addTemplates(database);
  const first = endHour - hours;
  const weights = Array.from({ length: hours }, (_, index) => trafficOf(first + index));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let archivingCpu = 0;
  for (const [index, weight] of weights.entries()) {
    await writeHour(database, { hour: first + index, traces: Math.round((spans / SPANS_PER_TRACE) * (weight / total)), isDeployed: index > hours / 2 });
    const before = process.cpuUsage();
    await archiver.run((first + index + 1) * HOUR_MS).catch((error) => { throw new Error(`archiving hour ${index}`, { cause: error }); });
    const { user, system } = process.cpuUsage(before);
    archivingCpu += user + system;
    onHour(index);
  }
  await removeTemplates(database);
  const files = await archive.catalogue.files();
  const archived = files.reduce((sum, file) => sum + file.rows, 0);
  await database.close();
  return { archived, files: files.length, bytesPerSpan: files.reduce((sum, file) => sum + file.bytes, 0) / archived, cpuMicrosecondsPerSpan: archivingCpu / archived };
}
