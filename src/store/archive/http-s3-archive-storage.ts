import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { S3Client} from '@aws-sdk/client-s3';
import {
  AbortMultipartUploadCommand, CompleteMultipartUploadCommand, CreateMultipartUploadCommand, DeleteObjectCommand, GetObjectCommand, HeadObjectCommand, ListMultipartUploadsCommand,
  ListObjectsV2Command, ListPartsCommand, NoSuchKey, UploadPartCommand, type CompletedPart, type Part,
} from '@aws-sdk/client-s3';
import { decipherFile, encipherFile, type ArchiveKey } from './fs-archive-cipher.js';
import { ArchiveFileError, type ArchivedFile, type ArchiveStorage, type PublishedFile } from './archive-storage.js';
import { digestOf } from './fs-archive-storage.js';

export interface S3ArchiveOptions {
  readonly client: S3Client;
  readonly bucket: string;
  /** Without slashes at its ends; may be empty. */
  readonly prefix: string;
  /** Files are written here first, and read from here once they were fetched. */
  readonly cacheDir: string;
  readonly cacheBytes?: number;
  /** What was read so lately may be under a query still, and stays. */
  readonly inUseMs?: number;
  readonly partBytes?: number;
  /** Encrypts at rest with this key of KMS. */
  readonly kmsKeyId?: string | undefined;
  /** Files are enciphered with the first of these before they leave this machine. */
  readonly keys?: readonly ArchiveKey[];
  readonly retryPauseMs?: number;
}

const STAGE = '.writing';
/** S3 takes parts from 5 MiB on. */
const PART_BYTES = 8 << 20;
const CACHE_BYTES = 4 * 2 ** 30;
const IN_USE_MS = 5 * 60_000;
const ATTEMPTS = 4;
const RETRY_PAUSE_MS = 500;

/** The archive in a bucket, with a directory in front of it: new files stay there, and others are fetched when somebody reads them. */
export class S3ArchiveStorage implements ArchiveStorage {
  readonly #options: S3ArchiveOptions;
  readonly #fetching = new Map<string, Promise<string>>();

  constructor(options: S3ArchiveOptions) {
    this.#options = options;
  }

  stage(name: string): string {
    return join(this.#options.cacheDir, STAGE, name);
  }

  /** An upload that breaks off goes on with the parts that are missing. It is over when S3 has the very bytes. */
  async publish(name: string, path: string): Promise<PublishedFile> {
    const staged = this.stage(name);
    const { client, bucket, kmsKeyId } = this.#options;
    const sent = await this.#enciphered(staged, path);
    const digest = await digestOf(sent);
    const object = { Bucket: bucket, Key: this.#key(path) };
    const { UploadId } = await this.#persistently(() => client.send(new CreateMultipartUploadCommand({
      ...object, ChecksumAlgorithm: 'SHA256', Metadata: { sha256: digest.sha256 }, ContentType: 'application/vnd.apache.parquet',
      ...(kmsKeyId === undefined ? {} : { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKeyId }),
    })));
    const upload = { ...object, UploadId };
    await this.#persistently(async () => {
      const parts = await this.#uploadMissing(sent, digest.bytes, upload);
      await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } }));
    });
    await this.#verify(path, digest);
    const published = sent === staged ? digest : await digestOf(staged);
    if (sent !== staged) await rm(sent, { force: true });
    const cached = this.#cached(path);
    await mkdir(dirname(cached), { recursive: true });
    await rename(staged, cached);
    await this.#makeRoom(new Set([cached]));
    return published;
  }

  async #enciphered(staged: string, path: string): Promise<string> {
    const [key] = this.#options.keys ?? [];
    if (key === undefined) return staged;
    await encipherFile(staged, `${staged}.enciphered`, { key, path });
    return `${staged}.enciphered`;
  }

  /** All of them are there when it resolves, also where they are more than the directory may hold. */
  async local(files: readonly ArchivedFile[]): Promise<readonly string[]> {
    const places = await Promise.all(files.map((file) => this.#localOne(file)));
    const now = new Date();
    for (const place of places) await utimes(place, now, now);
    await this.#makeRoom(new Set(places));
    return places;
  }

  async remove(path: string): Promise<void> {
    await this.#options.client.send(new DeleteObjectCommand({ Bucket: this.#options.bucket, Key: this.#key(path) }));
    await rm(this.#cached(path), { force: true });
  }

  async list(): Promise<readonly string[]> {
    const { client, bucket } = this.#options;
    const start = this.#key('');
    const paths: string[] = [];
    let token: string | undefined;
    do {
      const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: start, ContinuationToken: token }));
      paths.push(...(page.Contents ?? []).flatMap(({ Key }) => (Key?.endsWith('.parquet') === true ? [Key.slice(start.length)] : [])));
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return paths;
  }

  /** Uploads that a crash has left are paid for until somebody aborts them. */
  async clearStage(): Promise<void> {
    const { client, bucket, cacheDir } = this.#options;
    await rm(join(cacheDir, STAGE), { recursive: true, force: true });
    await mkdir(join(cacheDir, STAGE), { recursive: true });
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: this.#key('') }));
    for (const { Key, UploadId } of Uploads) await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }));
  }

  /** A bucket is never full. */
  freeBytes(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  #key(path: string): string {
    return this.#options.prefix === '' ? path : `${this.#options.prefix}/${path}`;
  }

  #cached(path: string): string {
    return join(this.#options.cacheDir, path);
  }

  /** S3 compares each part with its digest and refuses what was changed on the way. */
  async #uploadMissing(file: string, bytes: number, upload: { readonly Bucket: string; readonly Key: string; readonly UploadId: string | undefined }): Promise<CompletedPart[]> {
    const { client, partBytes = PART_BYTES } = this.#options;
    const { Parts = [] } = await client.send(new ListPartsCommand(upload));
    const done: CompletedPart[] = [];
    const handle = await open(file, 'r');
    try {
      for (let number = 1, from = 0; from < bytes; number += 1, from += partBytes) {
        const body = Buffer.alloc(Math.min(partBytes, bytes - from));
        await handle.read(body, 0, body.length, from);
        const checksum = createHash('sha256').update(body).digest('base64');
        const there = Parts.find((part) => part.PartNumber === number && holds(part, body, checksum));
        const ETag = there?.ETag ?? (await client.send(new UploadPartCommand({ ...upload, PartNumber: number, Body: body, ChecksumSHA256: checksum }))).ETag;
        done.push({ PartNumber: number, ETag, ChecksumSHA256: checksum });
      }
    } finally {
      await handle.close();
    }
    return done;
  }

  async #verify(path: string, { bytes, sha256 }: PublishedFile): Promise<void> {
    const { ContentLength, Metadata } = await this.#persistently(() => this.#options.client.send(new HeadObjectCommand({ Bucket: this.#options.bucket, Key: this.#key(path) })));
    if (ContentLength !== bytes || Metadata?.['sha256'] !== sha256) throw new ArchiveFileError(path, `has ${String(ContentLength)} bytes in the bucket instead of ${bytes}`);
  }

  async #localOne(file: ArchivedFile): Promise<string> {
    const cached = this.#cached(file.path);
    const size = await stat(cached).then((found) => found.size, () => undefined);
    if (size === file.bytes) return cached;
    const fetching = this.#fetching.get(file.path) ?? this.#fetch(file).finally(() => this.#fetching.delete(file.path));
    this.#fetching.set(file.path, fetching);
    return fetching;
  }

  async #fetch(file: ArchivedFile): Promise<string> {
    const cached = this.#cached(file.path);
    const partial = `${cached}.fetching`;
    await mkdir(dirname(cached), { recursive: true });
    await this.#persistently(async () => {
      const { Body } = await this.#options.client.send(new GetObjectCommand({ Bucket: this.#options.bucket, Key: this.#key(file.path) }));
      await pipeline(Body as Readable, createWriteStream(partial));
      if (await decipherFile(partial, `${partial}.deciphered`, { keys: this.#options.keys ?? [], path: file.path })) await rename(`${partial}.deciphered`, partial);
      const { bytes, sha256 } = await digestOf(partial);
      if (bytes !== file.bytes || sha256 !== file.sha256) throw new ArchiveFileError(file.path, 'is not what was put into the bucket');
    }).catch((error: unknown) => {
      throw error instanceof NoSuchKey ? new ArchiveFileError(file.path, 'is missing in the bucket') : error;
    });
    await rename(partial, cached);
    return cached;
  }

  /** What was not read for longest goes first, but nothing that somebody may be reading. */
  async #makeRoom(inUse: ReadonlySet<string>): Promise<void> {
    const entries = await readdir(this.#options.cacheDir, { recursive: true, withFileTypes: true });
    const files = await Promise.all(entries.filter((entry) => entry.isFile() && entry.name.endsWith('.parquet') && !entry.parentPath.endsWith(STAGE)).map(async (entry) => {
      const place = join(entry.parentPath, entry.name);
      const found = await stat(place).catch(() => undefined);
      return { place, bytes: found?.size ?? 0, readMs: found?.mtimeMs ?? 0 };
    }));
    let excess = files.reduce((sum, { bytes }) => sum + bytes, 0) - (this.#options.cacheBytes ?? CACHE_BYTES);
    const lately = Date.now() - (this.#options.inUseMs ?? IN_USE_MS);
    for (const { place, bytes, readMs } of files.sort((left, right) => left.readMs - right.readMs)) {
      if (excess <= 0) return;
      if (inUse.has(place) || readMs > lately) continue;
      await rm(place, { force: true });
      excess -= bytes;
    }
  }

  async #persistently<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if (attempt >= ATTEMPTS || error instanceof NoSuchKey) throw error;
        await wait((this.#options.retryPauseMs ?? RETRY_PAUSE_MS) * 2 ** (attempt - 1));
      }
    }
  }
}

/** Not every server of S3's protocol lists the SHA-256 of parts. The tag of a part is its MD5 then, where it is not encrypted with a key of KMS. */
function holds({ ChecksumSHA256, ETag }: Part, body: Buffer, checksum: string): boolean {
  return ChecksumSHA256 === undefined ? ETag === `"${createHash('md5').update(body).digest('hex')}"` : ChecksumSHA256 === checksum;
}
