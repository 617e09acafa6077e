import { randomUUID } from 'node:crypto';
import { HOUR_MS } from '../lib/duration.js';
import type { ArchiveStorage } from '../store/archive/archive-storage.js';
import type { FileContents, NewFile } from '../store/archive/duckdb-archive.js';

/** Writes a file of the archive and puts it to its place; it belongs to the archive when the catalogue says so. */
export async function publishFile(storage: ArchiveStorage, { hour, nowMs }: { readonly hour: number; readonly nowMs: number }, write: (file: string) => Promise<FileContents>): Promise<NewFile> {
  const fileId = `${hour}-${randomUUID().slice(0, 8)}`;
  const name = `${fileId}.parquet`;
  const path = `${hourPath(hour)}/${name}`;
  const contents = await write(storage.stage(name));
  return { ...contents, ...await storage.publish(name, path), fileId, path, hour, writtenMs: nowMs };
}

/** Directories as Hive names them, which DuckDB, Spark and others turn into columns. */
export function hourPath(hour: number): string {
  const [date = '', time = ''] = new Date(hour * HOUR_MS).toISOString().split('T');
  return `date=${date}/hour=${time.slice(0, 2)}`;
}
