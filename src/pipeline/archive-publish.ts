import { randomUUID } from 'node:crypto';
import { HOUR_MS } from '../lib/duration.js';
import type { ArchiveSignal, FileContents, NewFile, ReadableFile } from '../store/archive/archive-catalogue.js';
import type { ArchiveStorage } from '../store/archive/archive-storage.js';

interface Place {
  readonly signal: ArchiveSignal;
  readonly hour: number;
  readonly nowMs: number;
}

/** Writes a file of the archive and puts it to its place; it belongs to the archive when the catalogue says so. */
export async function publishFile(storage: ArchiveStorage, { signal, hour, nowMs }: Place, write: (file: string) => Promise<FileContents>): Promise<ReadableFile> {
  const fileId = `${hour}-${randomUUID().slice(0, 8)}`;
  const name = `${fileId}.parquet`;
  const path = `${signal === 'logs' ? 'logs/' : ''}${hourPath(hour)}/${name}`;
  const contents = await write(storage.stage(name));
  const file: NewFile = { ...contents, ...await storage.publish(name, path), fileId, path, hour, writtenMs: nowMs };
  const [local = ''] = await storage.local([file]);
  return { file, local };
}

/** Directories as Hive names them, which DuckDB, Spark and others turn into columns. */
export function hourPath(hour: number): string {
  const [date = '', time = ''] = new Date(hour * HOUR_MS).toISOString().split('T');
  return `date=${date}/hour=${time.slice(0, 2)}`;
}
