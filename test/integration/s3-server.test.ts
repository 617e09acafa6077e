import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateMultipartUploadCommand, GetObjectCommand, HeadObjectCommand, ListMultipartUploadsCommand, PutObjectCommand, S3Client, UploadPartCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { S3ArchiveStorage, type S3ArchiveOptions } from '../../src/store/archive/http-s3-archive-storage.js';
import type { PublishedFile } from '../../src/store/archive/archive-storage.js';
import { S3Server, s3Packages } from '../support/s3-server.js';

const MIB = 1 << 20;
const BUCKET = 'traces';
const PATH = 'date=2026-11-27/hour=11/1-a.parquet';
const KEY = `tocsin/${PATH}`;
const environment = s3Packages();

describe.skipIf(environment === undefined)('the archive in the bucket of a server that is none of ours', { timeout: 120_000 }, () => {
  let server: S3Server;
  let client: S3Client;
  let directory = '';
  let options: S3ArchiveOptions;

  beforeAll(async () => { server = await S3Server.start(environment!, BUCKET); }, 120_000);
  afterAll(() => server.stop());
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tocsin-s3-server-'));
    client = clientOf(server.credentials);
    options = { client, bucket: BUCKET, prefix: 'tocsin', cacheDir: directory, partBytes: 5 * MIB, retryPauseMs: 1 };
  });
  afterEach(async () => {
    await new S3ArchiveStorage(options).remove(PATH);
    client.destroy();
    rmSync(directory, { recursive: true, force: true });
  });

  const clientOf = (credentials: S3Server['credentials']): S3Client => new S3Client({ endpoint: server.url, forcePathStyle: true, region: 'us-east-1', credentials, maxAttempts: 1 });
  const elsewhere = (name: string, more: Partial<S3ArchiveOptions> = {}): S3ArchiveStorage => new S3ArchiveStorage({ ...options, ...more, cacheDir: join(directory, name) });

  async function published(storage: S3ArchiveStorage, bytes: Buffer): Promise<PublishedFile & { readonly path: string }> {
    await storage.clearStage();
    writeFileSync(storage.stage('1.parquet'), bytes);
    return { path: PATH, ...await storage.publish('1.parquet', PATH) };
  }

  test('takes a file in parts, lists it, gives it to a machine that has never seen it, and removes it', async () => {
    const bytes = randomBytes(12 * MIB);
    const file = await published(new S3ArchiveStorage(options), bytes);
    expect(file).toEqual({ path: PATH, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
    expect((await client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: KEY }))).ContentLength).toBe(bytes.length);
    const other = elsewhere('other');
    expect(readFileSync((await other.local([file]))[0] ?? '').equals(bytes)).toBe(true);
    expect(await other.list()).toEqual([PATH]);
    await other.remove(PATH);
    expect(await other.list()).toEqual([]);
  });

  test('encrypts with the key of KMS that it is told', async () => {
    await published(new S3ArchiveStorage({ ...options, kmsKeyId: 'key-1' }), randomBytes(100));
    expect(await client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: KEY }))).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'key-1' });
  });

  test('holds nothing that can be read where files are enciphered before they leave, and a new key reads what the old one wrote', async () => {
    const [older, newer] = ['k1', 'k2'].map((id) => ({ id, key: randomBytes(32) })) as [{ id: string; key: Buffer }, { id: string; key: Buffer }];
    const bytes = randomBytes(6 * MIB);
    const file = await published(new S3ArchiveStorage({ ...options, keys: [older] }), bytes);
    const stored = Buffer.from(await (await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: KEY }))).Body!.transformToByteArray());
    expect(stored.includes(bytes.subarray(0, 64))).toBe(false);
    expect(readFileSync((await elsewhere('rotated', { keys: [newer, older] }).local([file]))[0] ?? '').equals(bytes)).toBe(true);
    await expect(elsewhere('lost', { keys: [newer] }).local([file])).rejects.toThrow('was enciphered with the key "k1"');
  });

  test('a file that somebody changed is told of, not read', async () => {
    const file = await published(new S3ArchiveStorage(options), randomBytes(100));
    await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: KEY, Body: randomBytes(100) }));
    await expect(elsewhere('other').local([file])).rejects.toThrow(`${PATH} is not what was put into the bucket`);
  });

  test('an upload that a crash has left is aborted at the next start', async () => {
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key: KEY, ChecksumAlgorithm: 'SHA256' }));
    await client.send(new UploadPartCommand({ Bucket: BUCKET, Key: KEY, UploadId, PartNumber: 1, Body: randomBytes(100) }));
    await new S3ArchiveStorage(options).clearStage();
    expect((await client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }))).Uploads ?? []).toEqual([]);
  });

  test('an upload that breaks off goes on with the parts that are missing', async () => {
    const sent: unknown[] = [];
    client.middlewareStack.add((next) => async (args) => {
      const { PartNumber } = args.input as { readonly PartNumber?: number };
      if (PartNumber === undefined) return next(args);
      sent.push(PartNumber);
      if (PartNumber === 2 && sent.filter((number) => number === 2).length < 3) throw new Error('the connection was reset');
      return next(args);
    }, { step: 'initialize' });
    const bytes = randomBytes(11 * MIB);
    const file = await published(new S3ArchiveStorage(options), bytes);
    expect(sent).toEqual([1, 2, 2, 2, 3]);
    expect(readFileSync((await elsewhere('other').local([file]))[0] ?? '').equals(bytes)).toBe(true);
  });

  test('a wrong secret is refused by the server, and the error says so', async () => {
    const stranger = clientOf({ ...server.credentials, secretAccessKey: 'wrong' });
    const storage = new S3ArchiveStorage({ ...options, client: stranger });
    await expect(storage.list()).rejects.toThrow(/signature/i);
    stranger.destroy();
  });
});
