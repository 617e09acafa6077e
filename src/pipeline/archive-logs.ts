import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import type { ArchiveStorage } from '../store/archive/archive-storage.js';
import type { ArrivedLogs, DuckdbLogArchive } from '../store/archive/duckdb-log-archive.js';
import type { ReadableFile } from '../store/archive/archive-catalogue.js';
import { publishFile } from './archive-publish.js';
import { roundBoundary } from './archive-rounds.js';

/** Records that leave in one go, and bytes of their texts: both fit into DuckDB's 224 MB while they are sorted. */
const RECORDS_AT_ONCE = 100_000;
const BYTES_AT_ONCE = 32 << 20;

/** A round looks at so much time, so that a store that is far behind is not read as a whole for each of its rounds. */
const LOOK_MS = HOUR_MS;

/** One round of log records from the hot store into the archive; whether there is more. Like spans, they leave with the transaction that takes their files in. */
export async function leaveLogs({ logs, storage }: { readonly logs: DuckdbLogArchive; readonly storage: ArchiveStorage }, { nowMs, untilMs }: { readonly nowMs: number; readonly untilMs: number }): Promise<boolean> {
  const oldestMs = await logs.oldestArrivalMs();
  if (oldestMs === undefined || oldestMs >= untilMs) return false;
  const { beforeMs, records: leaving } = await nextRound(logs, Math.min(untilMs, oldestMs + LOOK_MS));
  const files: ReadableFile[] = [];
  for (const ofHour of await logs.hoursBefore(beforeMs)) {
    files.push(await publishFile(storage, { signal: 'logs', hour: ofHour.hour, nowMs }, (file) => logs.writeHour(ofHour, { beforeMs, file })));
  }
  const written = files.reduce((sum, { file }) => sum + file.rows, 0);
  if (written !== leaving) throw new Error(`the archive's files have ${written} log records instead of ${leaving}: nothing was taken out of the hot store`);
  await logs.leave(files, beforeMs);
  return beforeMs < untilMs;
}

/** Until when records leave, and how many they are: whole minutes, as many as fit; of a minute in which more came than fit, a part. */
async function nextRound(logs: DuckdbLogArchive, untilMs: number): Promise<{ readonly beforeMs: number; readonly records: number }> {
  const minutes = await logs.arrivedBefore(untilMs, MINUTE_MS);
  const [first] = minutes;
  if (first === undefined || shareOf(first) <= 1) return roundOf(minutes, untilMs);
  const endMs = Math.min(untilMs, first.atMs + MINUTE_MS);
  return roundOf(await logs.arrivedBefore(endMs, 1), endMs);
}

function roundOf(arrived: readonly ArrivedLogs[], untilMs: number): { readonly beforeMs: number; readonly records: number } {
  const beforeMs = roundBoundary(arrived.map((some) => ({ atMs: some.atMs, share: shareOf(some) })), untilMs);
  return { beforeMs, records: arrived.reduce((sum, { atMs, records }) => sum + (atMs < beforeMs ? records : 0), 0) };
}

function shareOf({ records, bytes }: ArrivedLogs): number {
  return Math.max(records / RECORDS_AT_ONCE, bytes / BYTES_AT_ONCE);
}
