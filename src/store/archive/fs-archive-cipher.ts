import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { appendFile, open, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { ArchiveFileError } from './archive-storage.js';

/**
 * Files as they lie in a bucket that must not be able to read them: AES-256-GCM, a nonce of its own for each file, and the file's path as
 * associated data, so that one object cannot stand in for another. Layout: MAGIC, length and text of the key's id, nonce, what is enciphered, tag.
 */
export interface ArchiveKey {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

const MAGIC = Buffer.from('TOCSIN1\0', 'latin1');
const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const MAX_ID_BYTES = 64;
const MAX_HEADER_BYTES = MAGIC.length + 1 + MAX_ID_BYTES + NONCE_BYTES;

/** One key a line, `ID KEY`, the key 32 bytes in base64; the first one enciphers, all of them decipher. @throws where a line is no key. */
export function parseArchiveKeys(text: string): readonly ArchiveKey[] {
  const keys = text.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#')).map((line, index): ArchiveKey => {
    const [id = '', encoded = '', ...rest] = line.split(/\s+/);
    const key = Buffer.from(encoded, 'base64');
    if (rest.length > 0 || key.length !== KEY_BYTES || !/^[\w.-]{1,64}$/.test(id)) throw new Error(`key ${index + 1} of the archive's keys is not "ID KEY" with a key of 32 bytes in base64: make one with openssl rand -base64 32`);
    return { id, key };
  });
  if (keys.length === 0) throw new Error('there is no key among the archive\'s keys: write one line "ID KEY", with a key of openssl rand -base64 32');
  if (new Set(keys.map(({ id }) => id)).size < keys.length) throw new Error('two of the archive\'s keys have one id');
  return keys;
}

export async function encipherFile(from: string, to: string, { key: { id, key }, path }: { readonly key: ArchiveKey; readonly path: string }): Promise<void> {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(Buffer.from(path));
  const target = createWriteStream(to);
  target.write(Buffer.concat([MAGIC, Buffer.from([id.length]), Buffer.from(id, 'latin1'), nonce]));
  await pipeline(createReadStream(from), cipher, target);
  await appendFile(to, cipher.getAuthTag());
}

/** Whether it was enciphered: what was put there before there were keys is as it is. @throws ArchiveFileError where its key is missing or it was changed. */
export async function decipherFile(from: string, to: string, { keys, path }: { readonly keys: readonly ArchiveKey[]; readonly path: string }): Promise<boolean> {
  const header = await headerOf(from);
  if (header === undefined) return false;
  const key = keys.find(({ id }) => id === header.id);
  if (key === undefined) throw new ArchiveFileError(path, `was enciphered with the key "${header.id}", which is not among the archive's keys`);
  if (header.bytes + TAG_BYTES >= header.size) throw new ArchiveFileError(path, 'cannot be deciphered: it was cut short');
  const decipher = createDecipheriv(ALGORITHM, key.key, header.nonce).setAAD(Buffer.from(path)).setAuthTag(header.tag);
  await pipeline(createReadStream(from, { start: header.bytes, end: header.size - TAG_BYTES - 1 }), decipher, createWriteStream(to)).catch((error: unknown) => {
    throw new ArchiveFileError(path, `cannot be deciphered: it was changed, or its key is another one (${error instanceof Error ? error.message : String(error)})`);
  });
  return true;
}

async function headerOf(file: string): Promise<{ readonly id: string; readonly nonce: Buffer; readonly tag: Buffer; readonly bytes: number; readonly size: number } | undefined> {
  const { size } = await stat(file);
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_HEADER_BYTES), 0, MAX_HEADER_BYTES, 0);
    if (bytesRead < MAGIC.length || !buffer.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
    const nonceAt = MAGIC.length + 1 + (buffer[MAGIC.length] ?? 0);
    const bytes = nonceAt + NONCE_BYTES;
    const { buffer: tag } = await handle.read(Buffer.alloc(TAG_BYTES), 0, TAG_BYTES, Math.max(0, size - TAG_BYTES));
    return { id: buffer.toString('latin1', MAGIC.length + 1, nonceAt), nonce: buffer.subarray(nonceAt, bytes), tag, bytes, size };
  } finally {
    await handle.close();
  }
}
