import { createReadStream, openSync, readSync, closeSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip, gunzipSync } from 'node:zlib';
import type { ExportRequest } from '../../ingest/absorber.js';

/** One export request of a file, and where it stands. */
export interface FileRequest extends Pick<ExportRequest, 'signal' | 'encoding' | 'body'> {
  readonly file: string;
  /** Line of a JSON-lines file, or ordinal of a length-prefixed message; from 1. */
  readonly line: number;
}

export interface UnreadableLine {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

const GZIP_MAGIC = 0x1f8b;
const JSON_FILE = /\.(jsonl|ndjson|json)(\.gz)?$/i;
const LOG_FILE = /log/i;
/** What OTLP recommends as the limit of one request; a longer line is not read. */
export const MAX_REQUEST_BYTES = 64 * 1024 * 1024;

/** The export requests of a file, in order: OTLP/JSON lines (`.jsonl`, `.json`, also `.gz`), else OTLP protobuf as the Collector's file exporter writes it. */
export async function* readOtlpFile(path: string): AsyncGenerator<FileRequest | UnreadableLine> {
  if (JSON_FILE.test(path)) yield* readJsonLines(path);
  else yield* readProtobuf(path);
}

async function* readJsonLines(path: string): AsyncGenerator<FileRequest | UnreadableLine> {
  let line = 0;
  try {
    for await (const text of linesOf(path)) {
      line += 1;
      if (text.trim() === '') continue;
      yield requestOf(text, path, line);
    }
  } catch (error) {
    // What came before the damage was read and counts.
    yield { file: path, line: line + 1, message: `the file is damaged from here on: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function requestOf(text: string, file: string, line: number): FileRequest | UnreadableLine {
  const signal = signalOfJson(text);
  if (signal === undefined) return { file, line, message: 'not an OTLP export request: a line should be one JSON object that begins with {"resourceSpans": or {"resourceLogs":' };
  return { file, line, signal, encoding: 'json', body: Buffer.from(text, 'utf8') };
}

/** Not by node:readline, which goes on waiting when its input fails. */
async function* linesOf(path: string): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of contentsOf(path)) {
    const [first = '', ...others] = decoder.write(chunk as Buffer).split('\n');
    rest += first;
    if (rest.length > MAX_REQUEST_BYTES) throw new Error(`a line is longer than ${MAX_REQUEST_BYTES} characters`);
    for (const text of others) {
      yield rest;
      rest = text;
    }
  }
  rest += decoder.end();
  if (rest !== '') yield rest;
}

function contentsOf(path: string): Readable {
  const raw = createReadStream(path);
  if (!isGzip(path)) return raw;
  const inflated = createGunzip();
  raw.on('error', (error) => inflated.destroy(error));
  return raw.pipe(inflated);
}

/** Exporters write the one key first; only where something else comes first is the line parsed to look for it. */
function signalOfJson(text: string): ExportRequest['signal'] | undefined {
  const key = /^\s*\{\s*"([A-Za-z]+)"/.exec(text)?.[1];
  if (key === 'resourceSpans') return 'traces';
  if (key === 'resourceLogs') return 'logs';
  try {
    const parsed = JSON.parse(text) as Record<string, unknown> | null;
    if (parsed !== null && Array.isArray(parsed['resourceSpans'])) return 'traces';
    if (parsed !== null && Array.isArray(parsed['resourceLogs'])) return 'logs';
    return undefined;
  } catch {
    return undefined;
  }
}

function* readProtobuf(path: string): Generator<FileRequest> {
  const bytes = isGzip(path) ? gunzipSync(readFileSync(path)) : readFileSync(path);
  const signal = LOG_FILE.test(basename(path)) ? 'logs' : 'traces';
  let line = 0;
  for (const body of messagesOf(bytes)) {
    line += 1;
    yield { file: path, line, signal, encoding: 'protobuf', body };
  }
}

/** The Collector's file exporter puts four bytes of big-endian length before each message; a bare request has none. */
function messagesOf(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  let offset = 0;
  while (offset + 4 <= bytes.length) {
    const length = bytes.readUInt32BE(offset);
    if (offset + 4 + length > bytes.length) return [bytes];
    messages.push(bytes.subarray(offset + 4, offset + 4 + length));
    offset += 4 + length;
  }
  return offset === bytes.length && messages.length > 0 ? messages : [bytes];
}

function isGzip(path: string): boolean {
  const head = Buffer.alloc(2);
  const file = openSync(path, 'r');
  try {
    return readSync(file, head, 0, 2, 0) === 2 && head.readUInt16BE(0) === GZIP_MAGIC;
  } finally {
    closeSync(file);
  }
}
