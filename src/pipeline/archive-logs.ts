import type { ArchiveStorage } from '../store/archive/archive-storage.js';
import type { ArrivedLogs, DuckdbLogArchive } from '../store/archive/duckdb-log-archive.js';
import type { ReadableFile } from '../store/archive/archive-catalogue.js';
import { publishFile } from './archive-publish.js';
import { roundBoundary } from './archive-rounds.js';

/** Records that leave in one go, and bytes of their texts: both fit into DuckDB's 224 MB while they are sorted. */
const RECORDS_AT_ONCE = 100_000;
const BYTES_AT_ONCE = 32 << 20;

/** One round of log records from the hot store into the archive; whether there is more. Like spans, they leave with the transaction that takes their files in. */
export async function leaveLogs({ logs, storage }: { readonly logs: DuckdbLogArchive; readonly storage: ArchiveStorage }, { nowMs, untilMs }: { readonly nowMs: number; readonly untilMs: number }): Promise<boolean> {
  const arrived = await logs.arrivedBefore(untilMs);
  if (arrived.length === 0) return false;
  const beforeMs = roundBoundary(arrived.map(({ atMs, records, bytes }) => ({ atMs, share: Math.max(records / RECORDS_AT_ONCE, bytes / BYTES_AT_ONCE) })), untilMs);
  const files: ReadableFile[] = [];
  for (const ofHour of await logs.hoursBefore(beforeMs)) {
    files.push(await publishFile(storage, { signal: 'logs', hour: ofHour.hour, nowMs }, (file) => logs.writeHour(ofHour, { beforeMs, file })));
  }
  const written = files.reduce((sum, { file }) => sum + file.rows, 0);
  const leaving = recordsBefore(arrived, beforeMs);
  if (written !== leaving) throw new Error(`the archive's files have ${written} log records instead of ${leaving}: nothing was taken out of the hot store`);
  await logs.leave(files, beforeMs);
  return beforeMs < untilMs;
}

function recordsBefore(arrived: readonly ArrivedLogs[], beforeMs: number): number {
  return arrived.reduce((sum, { atMs, records }) => sum + (atMs < beforeMs ? records : 0), 0);
}
