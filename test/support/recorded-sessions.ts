import { readFileSync } from 'node:fs';
import type { AbandonReason, Exchange, ExchangeSink, Piece, Protocol, Side } from '../../agent/protocols/protocol.js';

/** One piece of a conversation. */
export interface Said {
  readonly side: Side;
  readonly piece: Piece;
}

export type Conversation = readonly Said[];

/** A session that scripts/record-sessions.js wrote down, connection by connection. Times are nanoseconds since it began. */
export function recorded(name: string): readonly Conversation[] {
  const { connections } = JSON.parse(readFileSync(new URL(`../../agent/recordings/${name}.json`, import.meta.url), 'utf8')) as { readonly connections: readonly (readonly (readonly [Side, number, string])[])[] };
  return connections.map((pieces) => pieces.map(([side, us, base64]) => ({ side, piece: { bytes: Buffer.from(base64, 'base64'), atNs: us * 1_000, missing: 0 } })));
}

export interface Heard {
  readonly begun: Exchange[];
  readonly ended: Exchange[];
  readonly abandoned: { readonly exchange: Exchange; readonly reason: AbandonReason }[];
}

export function listener(): Heard & { readonly sink: ExchangeSink } {
  const heard: Heard = { begun: [], ended: [], abandoned: [] };
  const sink: ExchangeSink = {
    begin: (exchange) => heard.begun.push(exchange),
    end: (exchange) => heard.ended.push(exchange),
    abandon: (exchange, reason) => heard.abandoned.push({ exchange, reason }),
  };
  return { ...heard, sink };
}

/** What a parser hears of a conversation, until it is closed. */
export function hear(protocol: Protocol, conversation: Conversation, { isFromStart = true }: { readonly isFromStart?: boolean } = {}): Heard {
  const { sink, ...heard } = listener();
  const parser = protocol.open(sink, { isFromStart });
  let lastNs = 0;
  for (const { side, piece } of conversation) {
    // A parser must not keep the bytes: what it is given is overwritten afterwards.
    const bytes = Buffer.from(piece.bytes);
    parser.feed(side, { ...piece, bytes });
    bytes.fill(0xee);
    lastNs = piece.atNs;
  }
  parser.close(lastNs);
  return heard;
}

export function text(side: Side, atNs: number, content: string, missing = 0): Said {
  return { side, piece: { bytes: Buffer.from(content, 'latin1'), atNs, missing } };
}
