import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { decipherFile, encipherFile, parseArchiveKeys, type ArchiveKey } from './fs-archive-cipher.js';

const OLD: ArchiveKey = { id: '2026-05', key: randomBytes(32) };
const NEW: ArchiveKey = { id: '2026-11', key: randomBytes(32) };
const PATH = 'date=2026-11-26/hour=11/1-a.parquet';
let directory = '';
const at = (name: string): string => join(directory, name);
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tocsin-cipher-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function enciphered(plain: Buffer, key = OLD): Promise<Buffer> {
  writeFileSync(at('plain'), plain);
  await encipherFile(at('plain'), at('sealed'), { key, path: PATH });
  return readFileSync(at('sealed'));
}

test.each([1, 100, 200_000])('%i bytes come back as they were, also with a newer key in front', async (size) => {
  const plain = randomBytes(size);
  const sealed = await enciphered(plain);
  expect([sealed.includes(plain.subarray(0, 32)) && size > 32, sealed.length - plain.length]).toEqual([false, 8 + 1 + OLD.id.length + 12 + 16]);
  expect(await decipherFile(at('sealed'), at('back'), { keys: [NEW, OLD], path: PATH })).toBe(true);
  expect(readFileSync(at('back')).equals(plain)).toBe(true);
  expect((await enciphered(plain)).equals(sealed)).toBe(false);
});

test('what was put there before there were keys is as it is', async () => {
  writeFileSync(at('plain'), 'PAR1…');
  expect(await decipherFile(at('plain'), at('back'), { keys: [NEW], path: PATH })).toBe(false);
});

test('a changed byte, a cut end, another path and a missing key are told of', async () => {
  const sealed = await enciphered(randomBytes(100));
  const refused = (bytes: Buffer, { keys = [OLD], path = PATH } = {}): Promise<unknown> => {
    writeFileSync(at('changed'), bytes);
    return decipherFile(at('changed'), at('back'), { keys, path });
  };
  for (const place of [20, 60, sealed.length - 1]) await expect(refused(Buffer.concat([sealed.subarray(0, place), Buffer.from([(sealed[place] ?? 0) ^ 1]), sealed.subarray(place + 1)]))).rejects.toThrow('cannot be deciphered');
  await expect(refused(sealed.subarray(0, 40))).rejects.toThrow('it was cut short');
  await expect(refused(sealed.subarray(0, -1))).rejects.toThrow('cannot be deciphered');
  await expect(refused(sealed, { path: 'date=2026-11-26/hour=12/1-a.parquet' })).rejects.toThrow('cannot be deciphered');
  await expect(refused(sealed, { keys: [{ ...OLD, key: NEW.key }] })).rejects.toThrow('cannot be deciphered');
  await expect(refused(sealed, { keys: [NEW] })).rejects.toThrow(`${PATH} was enciphered with the key "2026-05", which is not among the archive's keys`);
});

test('keys are one a line, the first to encipher with', () => {
  const line = ({ id, key }: ArchiveKey): string => `${id} ${key.toString('base64')}`;
  expect(parseArchiveKeys(`# ours\n${line(NEW)}\n\n${line(OLD)}\n`)).toEqual([NEW, OLD]);
  for (const [text, message] of [['', 'there is no key'], ['a b', 'key 1 of the archive\'s keys is not "ID KEY"'], [`${line(NEW)}\n${line(NEW)}`, 'two of the archive\'s keys have one id']] as const) expect(() => parseArchiveKeys(text)).toThrow(message);
});
