import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Settings } from '../config/settings.js';
import { CouldNotRun } from './command.js';
import { DATABASE_FILE } from '../pipeline/store.js';
import { writableBytes } from '../store/duckdb-file.js';
import { parseArchiveKeys, type ArchiveKey } from '../store/archive/fs-archive-cipher.js';
import type { ArchiveStorage } from '../store/archive/archive-storage.js';
import type { ArchiveGeneration } from '../store/archive/duckdb-known-files.js';
import { FsArchiveStorage } from '../store/archive/fs-archive-storage.js';

/** What those who write the archive and those who read it share. */
export interface ArchiveParts {
  readonly storage: ArchiveStorage;
  readonly generation: ArchiveGeneration;
  /** Where its files are, in words that stay the same as long as they do. */
  readonly name: string;
}

type ArchiveSettings = Pick<Settings, 'archiveUrl' | 'dataDir'>;

export async function archiveParts(settings: ArchiveSettings): Promise<ArchiveParts> {
  return { storage: await storageOf(settings), generation: { current: 0 }, name: nameOf(settings) };
}

/** Database and archive may be on disks of their own. Before the archive has a directory, its disk is not known. */
export async function freeBytesOf(dataDir: string, storage: ArchiveStorage): Promise<number> {
  return Math.min(writableBytes(join(dataDir, DATABASE_FILE)), await storage.freeBytes().catch(() => undefined) ?? Infinity);
}

/** A data directory may be moved as a whole; keys and where a bucket's server is may change. */
function nameOf({ archiveUrl }: ArchiveSettings): string {
  if (archiveUrl === undefined) return 'archive in the data directory';
  return archiveUrl.startsWith('file:') ? directoryOf(archiveUrl) : archiveUrl.replace(/\?.*$/, '').replace(/\/+$/, '');
}

function directoryOf(fileUrl: string): string {
  return resolve(fileUrl.replace(/^file:(\/\/)?/, ''));
}

async function storageOf({ archiveUrl, dataDir }: ArchiveSettings): Promise<ArchiveStorage> {
  const directory = join(dataDir, 'archive');
  if (archiveUrl === undefined) return new FsArchiveStorage(directory);
  if (archiveUrl.startsWith('file:')) return new FsArchiveStorage(directoryOf(archiveUrl));
  return bucketOf(new URL(archiveUrl), directory);
}

/** Everything else comes from the environment, as in every AWS tool. The client is loaded for those who use it: that takes half a second. */
async function bucketOf(url: URL, cacheDir: string): Promise<ArchiveStorage> {
  const [{ S3Client }, { S3ArchiveStorage }] = await Promise.all([import('@aws-sdk/client-s3'), import('../store/archive/http-s3-archive-storage.js')]);
  const { AWS_ENDPOINT_URL_S3: ofS3, AWS_ENDPOINT_URL: ofAll } = process.env;
  // Servers at an endpoint of their own rarely have a name for each bucket.
  const client = new S3Client({ forcePathStyle: ofS3 !== undefined || ofAll !== undefined });
  const kmsKeyId = url.searchParams.get('kmsKeyId') ?? undefined;
  const keyFile = url.searchParams.get('keyFile');
  const keys = keyFile === null ? [] : await keysOf(keyFile);
  return new S3ArchiveStorage({ client, bucket: url.hostname, prefix: url.pathname.replace(/^\/+|\/+$/g, ''), cacheDir, kmsKeyId, keys });
}

/** @throws CouldNotRun where there are none: without its keys the archive could be neither read nor written. */
async function keysOf(file: string): Promise<readonly ArchiveKey[]> {
  try {
    return parseArchiveKeys(await readFile(file, 'utf8'));
  } catch (error) {
    throw new CouldNotRun(`the keys of the archive in ${file} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}
