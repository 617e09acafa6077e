import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { S3StandIn } from '../../../test/support/http-s3-stand-in.js';
import { S3ArchiveStorage, type S3ArchiveOptions } from './http-s3-archive-storage.js';

const MIB = 1 << 20;
const PATH = 'date=2026-11-26/hour=11/1-a.parquet';
let directory = '';
let s3: S3StandIn;
let client: S3Client;
let options: S3ArchiveOptions;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tocsin-s3-'));
  s3 = new S3StandIn();
  client = new S3Client({ endpoint: await s3.listen(), forcePathStyle: true, region: 'eu-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' }, maxAttempts: 1 });
  options = { client, bucket: 'traces', prefix: 'tocsin', cacheDir: directory, partBytes: MIB, retryPauseMs: 1 };
});
afterEach(async () => {
  client.destroy();
  await s3.close();
  rmSync(directory, { recursive: true, force: true });
});

async function published(storage: S3ArchiveStorage, bytes: Buffer, path = PATH): Promise<{ path: string; bytes: number; sha256: string }> {
  await storage.clearStage();
  writeFileSync(storage.stage('1.parquet'), bytes);
  return { path, ...await storage.publish('1.parquet', path) };
}

test('a file goes up in parts and comes down as it was, to a machine that has never seen it', async () => {
  const bytes = randomBytes(2.5 * MIB);
  const file = await published(new S3ArchiveStorage({ ...options, kmsKeyId: 'key-1' }), bytes);
  expect(file).toEqual({ path: PATH, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
  expect(s3.requests.filter((name) => name.startsWith('PUT'))).toEqual(['PUT part 1', 'PUT part 2', 'PUT part 3']);
  expect(s3.objects.get(`tocsin/${PATH}`)?.encryption).toBe('key-1');
  const other = new S3ArchiveStorage({ ...options, cacheDir: join(directory, 'other') });
  const [[one = ''], [two]] = await Promise.all([other.local([file]), other.local([file])]);
  expect(readFileSync(one).equals(bytes)).toBe(true);
  expect(two).toBe(one);
  expect(s3.requests.filter((name) => name === 'GET object')).toHaveLength(1);
  expect(await other.list()).toEqual([PATH]);
  await other.remove(PATH);
  expect([await other.list(), existsSync(one)]).toEqual([[], false]);
});

test('an upload that breaks off goes on where it was', async () => {
  s3.failures.set('PUT part 2', 2);
  s3.failures.set('POST complete', 1);
  const bytes = randomBytes(3 * MIB);
  await published(new S3ArchiveStorage(options), bytes);
  expect(s3.objects.get(`tocsin/${PATH}`)?.body.equals(bytes)).toBe(true);
  expect(s3.requests.filter((name) => name.startsWith('PUT'))).toEqual(['PUT part 1', 'PUT part 2', 'PUT part 2', 'PUT part 2', 'PUT part 3']);
});

test('what cannot be uploaded is an error, and the next start aborts what is left of it', async () => {
  s3.failures.set('PUT part 1', 100);
  const storage = new S3ArchiveStorage(options);
  await expect(published(storage, randomBytes(10))).rejects.toThrow();
  expect([s3.uploads.size, s3.objects.size]).toEqual([1, 0]);
  await storage.clearStage();
  expect(s3.uploads.size).toBe(0);
});

test('a file that was changed or has gone is told of, not read', async () => {
  const file = await published(new S3ArchiveStorage(options), randomBytes(100));
  const other = new S3ArchiveStorage({ ...options, cacheDir: join(directory, 'other') });
  s3.objects.get(`tocsin/${PATH}`)!.body = randomBytes(100);
  await expect(other.local([file])).rejects.toThrow(`${PATH} is not what was put into the bucket`);
  s3.objects.clear();
  await expect(other.local([file])).rejects.toThrow(`${PATH} is missing in the bucket`);
});

test('the directory holds as much as it may, what was read last', async () => {
  const storage = new S3ArchiveStorage({ ...options, cacheBytes: 250, inUseMs: 0 });
  const files = [];
  for (const name of ['a', 'b', 'c']) files.push(await published(storage, randomBytes(100), `${name}.parquet`));
  const other = new S3ArchiveStorage({ ...options, cacheDir: join(directory, 'other'), cacheBytes: 250, inUseMs: 0 });
  for (const file of files) await other.local([file]);
  expect(['a', 'b', 'c'].map((name) => existsSync(join(directory, 'other', `${name}.parquet`)))).toEqual([false, true, true]);
});

test('files that are written make room for each other too', async () => {
  const storage = new S3ArchiveStorage({ ...options, cacheBytes: 250, inUseMs: 0 });
  for (const name of ['a', 'b', 'c', 'd']) await published(storage, randomBytes(100), `${name}.parquet`);
  expect(['a', 'b', 'c', 'd'].filter((name) => existsSync(join(options.cacheDir, `${name}.parquet`)))).toHaveLength(2);
});

test('what one reader asks for is there as a whole, and what others read lately stays', async () => {
  const storage = new S3ArchiveStorage(options);
  const files = [];
  for (const name of ['a', 'b', 'c', 'd']) files.push(await published(storage, randomBytes(100), `${name}.parquet`));
  const small = new S3ArchiveStorage({ ...options, cacheDir: join(directory, 'small'), cacheBytes: 150, inUseMs: 0 });
  expect((await small.local(files)).map((place) => existsSync(place))).toEqual([true, true, true, true]);
  const shared = new S3ArchiveStorage({ ...options, cacheDir: join(directory, 'shared'), cacheBytes: 150 });
  const [first = ''] = await shared.local(files.slice(0, 1));
  await shared.local(files.slice(1));
  expect(existsSync(first)).toBe(true);
});

test('with keys the bucket holds nothing that can be read, and what it gives back is the file', async () => {
  const key = { id: 'k1', key: randomBytes(32) };
  const bytes = randomBytes(1.5 * MIB);
  const file = await published(new S3ArchiveStorage({ ...options, keys: [key] }), bytes);
  expect(file).toEqual({ path: PATH, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
  const stored = s3.objects.get(`tocsin/${PATH}`)?.body;
  expect([stored?.includes(bytes.subarray(0, 64)), (stored?.length ?? 0) > bytes.length]).toEqual([false, true]);
  const newer = { id: 'k2', key: randomBytes(32) };
  const other = new S3ArchiveStorage({ ...options, keys: [newer, key], cacheDir: join(directory, 'other') });
  expect(readFileSync((await other.local([file]))[0] ?? '').equals(bytes)).toBe(true);
  const withoutKey = new S3ArchiveStorage({ ...options, keys: [newer], cacheDir: join(directory, 'third') });
  await expect(withoutKey.local([file])).rejects.toThrow('was enciphered with the key "k1"');
});
