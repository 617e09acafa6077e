import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hear, listener, recorded, type Conversation, type Said } from '../../test/support/recorded-sessions.js';
import { http1 } from './http1.js';
import { MAX_HELD_BYTES } from './limits.js';
import { postgres } from './postgres.js';
import type { Exchange, Protocol } from './protocol.js';
import { redis } from './redis.js';

const PROTOCOLS: readonly { readonly protocol: Protocol; readonly sessions: readonly string[] }[] = [
  { protocol: http1({ headers: new Set(['user-agent']), b3: true, bodyBytes: 64 }), sessions: ['http-node', 'http-nginx', 'http-forms', 'http-lines'] },
  { protocol: postgres({ statementBytes: 512, parameters: true }), sessions: ['postgres-simple', 'postgres-extended', 'postgres-flows', 'postgres-cancel'] },
  { protocol: redis({ argumentBytes: 64 }), sessions: ['redis-commands', 'redis-subscriptions', 'redis-resp3', 'redis-values', 'redis-asides'] },
];
const RUNS = { numRuns: 150 };

/** Cuts each piece in two or more at the given places. Fragments keep the time of their piece. */
function cutAt(conversation: Conversation, places: readonly number[]): Said[] {
  let round = 0;
  return conversation.flatMap(({ side, piece }) => {
    const cuts = [0, piece.bytes.length];
    for (let count = 0; count < 3; count += 1) cuts.push(Math.floor((places[round++ % places.length] ?? 0) * piece.bytes.length));
    cuts.sort((left, right) => left - right);
    return cuts.slice(1).map((to, index): Said => ({ side, piece: { bytes: piece.bytes.subarray(cuts[index], to), atNs: piece.atNs, missing: 0 } }));
  });
}

/** Hides a part of some pieces: what follows `head` and what comes before `tail` is seen, as the loader captures it. */
function withHoles(conversation: Conversation, holes: readonly { readonly at: number; readonly head: number; readonly tail: number }[]): Said[] {
  return conversation.flatMap(({ side, piece }, index) => {
    const hole = holes.find(({ at }) => Math.floor(at * conversation.length) === index);
    if (hole === undefined) return [{ side, piece }];
    const { length } = piece.bytes;
    const head = Math.floor(hole.head * length);
    const tail = Math.floor(hole.tail * (length - head));
    return [
      { side, piece: { bytes: piece.bytes.subarray(0, head), atNs: piece.atNs, missing: length - head - tail } },
      { side, piece: { bytes: piece.bytes.subarray(length - tail), atNs: piece.atNs, missing: 0 } },
    ];
  });
}

/** What must be true of an exchange however little was seen: what was asked, and how it ended. */
function facts(exchange: Exchange): unknown {
  switch (exchange.protocol) {
    case 'http': return [exchange.method, exchange.path, exchange.statusCode];
    case 'postgresql': return [exchange.errorCode ?? (exchange.isCut ? undefined : 'ok')];
    case 'redis': return [exchange.command, exchange.argumentCount, exchange.isCut ? undefined : exchange.errorPrefix];
  }
}

/** Where the end of an answer fell into the hole, an error in it is not known. */
function asFarAsSeen(whole: Exchange, { isCut, ...seen }: Exchange): Exchange {
  return seen.protocol === 'postgresql' && isCut && seen.errorCode === undefined ? { ...whole, isCut, errorCode: undefined } as Exchange : { ...whole, isCut };
}

const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

describe.each(PROTOCOLS)('$protocol.name', ({ protocol, sessions }) => {
  const conversations = sessions.flatMap((name) => recorded(name)).filter((conversation) => conversation.length > 0);
  const conversationOf = fc.constantFrom(...conversations);

  test('pieces may be cut anywhere', () => {
    fc.assert(fc.property(conversationOf, fc.array(share, { minLength: 1, maxLength: 40 }), (conversation, places) => {
      expect(hear(protocol, cutAt(conversation, places))).toEqual(hear(protocol, conversation));
    }), RUNS);
  });

  test('byte by byte is as good', () => {
    for (const conversation of conversations.filter((all) => all.reduce((sum, { piece }) => sum + piece.bytes.length, 0) < 20_000)) {
      const single = conversation.flatMap(({ side, piece }) => Array.from(piece.bytes, (byte): Said => ({ side, piece: { ...piece, bytes: Buffer.of(byte) } })));
      expect(hear(protocol, single)).toEqual(hear(protocol, conversation));
    }
  });

  test('holes hide exchanges and never invent one', () => {
    const hole = fc.record({ at: share, head: share, tail: share });
    fc.assert(fc.property(conversationOf, fc.array(hole, { minLength: 1, maxLength: 5 }), (conversation, holes) => {
      const whole = new Map(hear(protocol, conversation).ended.map((exchange) => [exchange.requestOffset, exchange]));
      for (const exchange of hear(protocol, withHoles(conversation, holes)).ended) {
        const known = whole.get(exchange.requestOffset);
        expect(known, `nothing was asked at ${exchange.requestOffset}`).toBeDefined();
        if (known !== undefined) expect(facts(exchange)).toEqual(facts(asFarAsSeen(known, exchange)));
      }
    }), { numRuns: 600 });
  });

  test('after a hole it finds its way back', () => {
    for (const conversation of conversations) {
      const whole = hear(protocol, conversation).ended;
      if (whole.length < 4) continue;
      const withOne = withHoles(conversation, [{ at: 2.5 / conversation.length, head: 0, tail: 0 }]);
      expect(hear(protocol, withOne).ended.at(-1)?.requestOffset).toBe(whole.at(-1)?.requestOffset);
    }
  });

  test('a conversation joined in the middle is understood from its next request on', () => {
    fc.assert(fc.property(conversationOf, share, (conversation, from) => {
      const rest = conversation.slice(Math.floor(from * conversation.length));
      const known = hear(protocol, conversation).ended.map(facts).map((fact) => JSON.stringify(fact));
      for (const exchange of hear(protocol, rest, { isFromStart: false }).ended) expect(known).toContain(JSON.stringify(facts(exchange)));
    }), RUNS);
  });

  test('neither random bytes nor pieces in any order upset it, and it holds little', () => {
    const piece = fc.record({ side: fc.constantFrom('request' as const, 'response' as const), bytes: fc.uint8Array({ maxLength: 300 }), missing: fc.constantFrom(0, 0, 5, Number.POSITIVE_INFINITY) });
    fc.assert(fc.property(fc.array(fc.oneof(piece, conversationOf.chain((all) => fc.constantFrom(...all)).map(({ side, piece: { bytes } }) => ({ side, bytes, missing: 0 }))), { maxLength: 60 }), fc.boolean(), (said, isFromStart) => {
      const { sink, begun, ended, abandoned } = listener();
      const parser = protocol.open(sink, { isFromStart });
      said.forEach(({ side, bytes, missing }, atNs) => {
        parser.feed(side, { bytes: Buffer.from(bytes), atNs, missing });
        expect(parser.heldBytes).toBeLessThanOrEqual(2 * MAX_HELD_BYTES);
      });
      parser.settle(said.length);
      parser.close(said.length);
      expect(begun.length).toBe(ended.length + abandoned.length);
    }), RUNS);
  });
});
