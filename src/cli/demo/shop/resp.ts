/** What the cache answers, in the words of RESP2 (redis.io/docs/latest/develop/reference/protocol-spec). */
export type Reply = string | null | { readonly status: string } | { readonly error: string } | readonly (string | null)[];

const CRLF = '\r\n';

/** Reads the whole commands at the start of the buffer; an unfinished one remains for the next chunk. */
export function readCommands(buffer: Buffer): { readonly commands: string[][]; readonly remaining: Buffer } {
  const commands: string[][] = [];
  let offset = 0;
  for (;;) {
    const command = readCommand(buffer, offset);
    if (command === undefined) return { commands, remaining: buffer.subarray(offset) };
    commands.push(command.words);
    offset = command.end;
  }
}

function readCommand(buffer: Buffer, start: number): { words: string[]; end: number } | undefined {
  const head = readNumber(buffer, start);
  if (head === undefined) return undefined;
  const words: string[] = [];
  let offset = head.end;
  for (let index = 0; index < head.value; index += 1) {
    const length = readNumber(buffer, offset);
    if (length === undefined || buffer.length < length.end + length.value + CRLF.length) return undefined;
    words.push(buffer.toString('utf8', length.end, length.end + length.value));
    offset = length.end + length.value + CRLF.length;
  }
  return { words, end: offset };
}

/** `*3\r\n` and `$5\r\n`: the number behind the type byte. */
function readNumber(buffer: Buffer, start: number): { value: number; end: number } | undefined {
  const end = buffer.indexOf(CRLF, start);
  return end === -1 ? undefined : { value: Number(buffer.toString('latin1', start + 1, end)), end: end + CRLF.length };
}

export function writeReply(reply: Reply): string {
  if (reply === null) return `$-1${CRLF}`;
  if (typeof reply === 'string') return `$${Buffer.byteLength(reply)}${CRLF}${reply}${CRLF}`;
  if (isList(reply)) return `*${reply.length}${CRLF}${reply.map(writeReply).join('')}`;
  return 'status' in reply ? `+${reply.status}${CRLF}` : `-${reply.error}${CRLF}`;
}

function isList(reply: Exclude<Reply, string | null>): reply is readonly (string | null)[] {
  return Array.isArray(reply);
}
