import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readCommands, writeReply } from './resp.js';

function encode(words: readonly string[]): Buffer {
  return Buffer.from(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`);
}

test('commands are read the same however the bytes are cut into chunks', () => {
  const commands = fc.array(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 4 }), { maxLength: 5 });
  fc.assert(
    fc.property(commands, fc.integer({ min: 1, max: 7 }), (sent, size) => {
      const bytes = Buffer.concat(sent.map(encode));
      const read: string[][] = [];
      let rest = Buffer.alloc(0);
      for (let start = 0; start < bytes.length; start += size) {
        const { commands: found, remaining } = readCommands(Buffer.concat([rest, bytes.subarray(start, start + size)]));
        read.push(...found);
        rest = Buffer.from(remaining);
      }
      expect(read).toEqual(sent);
      expect(rest).toHaveLength(0);
    }),
  );
});

test('replies are written as RESP2 has them', () => {
  expect(writeReply(null)).toBe('$-1\r\n');
  expect(writeReply('bell é')).toBe('$7\r\nbell é\r\n');
  expect(writeReply({ status: 'OK' })).toBe('+OK\r\n');
  expect(writeReply({ error: 'ERR no' })).toBe('-ERR no\r\n');
  expect(writeReply(['a', null])).toBe('*2\r\n$1\r\na\r\n$-1\r\n');
});
