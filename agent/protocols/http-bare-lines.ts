import { latin1 } from './text.js';

/** A head as it should have been written, and how many bytes it took as it was. */
export interface RewrittenHead {
  readonly bytes: Buffer;
  readonly took: number;
}

const LINE_END = /\r?\n/g;

/** A head some of whose lines end with LF alone (RFC 9112, 2.2); undefined where there is none, or none that is whole. */
export function headOfBareLines(bytes: Buffer, from: number): RewrittenHead | undefined {
  const [bare, mixed] = [bytes.indexOf('\n\n', from, 'latin1'), bytes.indexOf('\n\r\n', from, 'latin1')];
  if (bare === -1 && mixed === -1) return undefined;
  const end = mixed === -1 || (bare !== -1 && bare < mixed) ? bare + 2 : mixed + 3;
  const text = latin1(bytes, from, end);
  const rewritten = text.replace(LINE_END, '\r\n');
  return rewritten === text ? undefined : { bytes: Buffer.from(rewritten, 'latin1'), took: end - from };
}
