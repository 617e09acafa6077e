import { Conversation } from './conversation.js';
import { headOfBareLines } from './http-bare-lines.js';
import { BodyStart } from './http-body.js';
import type { HttpExchange } from './http-exchange.js';
import { endOfFields, HeadFields, NO_HEADERS, type HeadWishes } from './http-head.js';
import { StartLines } from './http-start-line.js';
import { Intake, MORE, WRONG, type Units } from './intake.js';
import { MAX_HELD_BYTES } from './limits.js';
import type { ExchangeSink, Protocol, Side, StreamStart } from './protocol.js';
import { Turns, type Looks } from './turns.js';
import { latin1 } from './text.js';
import { Words } from './words.js';

export interface HttpWishes extends HeadWishes {
  /** Bytes of each body to keep; 0: none. */
  readonly bodyBytes: number;
}

const METHODS = [
  'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'QUERY',
  'PROPFIND', 'PROPPATCH', 'MKCOL', 'COPY', 'MOVE', 'LOCK', 'UNLOCK', 'REPORT', 'SEARCH', 'MERGE', 'PURGE', 'NOTIFY', 'SUBSCRIBE', 'UNSUBSCRIBE',
];
/** Method, then a path, `*`, a URL, or for CONNECT an authority. A Redis command that is written inline has none of these. */
const REQUEST_START = new RegExp(`^(?:\r\n)?(?:(?:${METHODS.join('|')}) (?:/|\\*|https?://)|CONNECT [\\w.[-])`);
const RESPONSE_START = /^HTTP\/1\.[01] [1-5]\d\d[ \r\n]/;
const START_LENGTH = 24;
const REQUEST_STARTS = METHODS.flatMap((method) => [`${method} /`, `${method} http://`, `${method} https://`, `\r\n${method} /`]);
const RESPONSE_PREFIX = /^H(?:T(?:T(?:P(?:\/(?:1(?:\.(?:[01](?: (?:[1-5]\d{0,2})?)?)?)?)?)?)?)?)?$/;
const LAST_CHUNK = '0\r\n\r\n';
const CHUNK_SIZE = /^([0-9a-fA-F]{1,12})[ \t]*(?:;[^\r\n]*)?\r\n/;
const MAX_LINE = 1_024;
const TELEMETRY_PATH = /^\/(?:[\w/.-]*\/)?v1\/(?:traces|logs|metrics)$/;
const TELEMETRY_TYPE = /^application\/(?:x-protobuf|json)/;
const NOTHING = Buffer.alloc(0);

function startOf(bytes: Buffer): string {
  return latin1(bytes, 0, Math.min(bytes.length, START_LENGTH));
}

/** A beginning that is too short to tell counts as one that fits. */
function mayBecomeRequest(start: string): boolean {
  return REQUEST_STARTS.some((full) => full.startsWith(start));
}

const looks: Looks = {
  isRequest: (bytes) => REQUEST_START.test(startOf(bytes)) || mayBecomeRequest(startOf(bytes)),
  isResponse: (bytes) => RESPONSE_START.test(startOf(bytes)) || RESPONSE_PREFIX.test(startOf(bytes)),
  isEnd: (bytes) => bytes.length >= LAST_CHUNK.length && latin1(bytes, bytes.length - LAST_CHUNK.length) === LAST_CHUNK,
};

/** What all connections read heads with: one head at a time. */
interface Heads {
  readonly lines: StartLines;
  readonly fields: HeadFields;
}

/** The empty line behind the fields of a head. */
const EMPTY_LINE = 2;

/** HTTP/1.0 and 1.1. HTTP/2 has another shape and is another protocol. */
export function http1(wishes: HttpWishes): Protocol {
  const words = new Words();
  const heads = { lines: new StartLines(words), fields: new HeadFields(wishes, words) };
  return {
    name: 'http',
    nominate: (side, bytes) => (side === 'request' ? looks.isRequest(bytes) : looks.isResponse(bytes)),
    open: (sink, start) => new Http1Parser(sink, { wishes, heads, start }),
  };
}

type Part = 'head' | 'body' | 'chunk' | 'trailer';

class Http1Parser extends Conversation<HttpExchange> {
  readonly #wishes: HttpWishes;
  readonly #heads: Heads;
  protected readonly request: Intake;
  protected readonly response: Intake;
  #requestPart: Part = 'head';
  #responsePart: Part = 'head';
  /** The request whose body is on its way. */
  #sending: HttpExchange | undefined;
  /** The exchange whose answer is being read; undefined for an answer to a request that was not seen. */
  #answering: HttpExchange | undefined;
  #isUntilClose = false;
  readonly #requestBodyStart = new BodyStart();
  readonly #responseBodyStart = new BodyStart();

  constructor(sink: ExchangeSink, { wishes, heads, start }: { readonly wishes: HttpWishes; readonly heads: Heads; readonly start: StreamStart }) {
    super(new Turns(sink, looks, start));
    this.#wishes = wishes;
    this.#heads = heads;
    this.request = new Intake(this.#requestUnits());
    this.response = new Intake(this.#responseUnits());
  }

  protected override beforeClose(): void {
    if (this.#isUntilClose && this.#answering !== undefined) this.#endAnswer(this.#answering.endNs);
    // What was announced did not all come.
    if (this.#answering !== undefined) this.#answering.responseBodySize = undefined;
    if (this.#sending !== undefined) this.#sending.requestBodySize = undefined;
  }

  #requestUnits(): Units {
    return {
      unit: (bytes, from, atNs) => {
        switch (this.#requestPart) {
          case 'head': return this.#requestHead(bytes, from, atNs);
          case 'chunk': return this.#chunk(bytes, from, 'request');
          case 'trailer': return this.#trailer(bytes, from, 'request');
          case 'body': return WRONG;
        }
      },
      cut: (bytes, from, atNs) => {
        if (this.#requestPart === 'head') this.#cutRequestHead(bytes, from, atNs);
        return WRONG;
      },
      passed: (bytes, from, count) => {
        if (this.#sending !== undefined) this.#sending.requestBody = this.#requestBodyStart.add(this.#sending.requestBody, bytes, { from, count });
      },
      passedAll: () => {
        if (this.#requestPart === 'body') this.#endRequest();
      },
      lost: (why, atNs) => {
        const keepsPending = this.#sending !== undefined;
        if (this.#sending !== undefined) this.#sending.requestBodySize = undefined;
        this.#endRequest();
        this.turns.loseRequests(why, { atNs, keepsPending });
      },
    };
  }

  #responseUnits(): Units {
    return {
      unit: (bytes, from) => {
        switch (this.#responsePart) {
          case 'head': return this.#responseHead(bytes, from);
          case 'chunk': return this.#chunk(bytes, from, 'response');
          case 'trailer': return this.#trailer(bytes, from, 'response');
          case 'body': return WRONG;
        }
      },
      cut: (bytes, from) => {
        if (this.#responsePart === 'head') this.#cutResponseHead(bytes, from);
        return WRONG;
      },
      passed: (bytes, from, count) => {
        const exchange = this.#answering;
        if (exchange === undefined) return;
        exchange.responseBody = this.#responseBodyStart.add(exchange.responseBody, bytes, { from, count });
        if (!this.#isUntilClose) return;
        exchange.responseBodySize = (exchange.responseBodySize ?? 0) + count;
        exchange.endNs = this.response.nowNs;
      },
      passedAll: (atNs) => {
        if (this.#responsePart === 'body') this.#endAnswer(atNs);
      },
      lost: (why, atNs) => {
        const hasBegun = this.#answering !== undefined;
        if (this.#answering !== undefined) this.#answering.responseBodySize = undefined;
        this.#answering = undefined;
        this.#responsePart = 'head';
        this.turns.loseResponses(why, { atNs, hasBegun });
      },
    };
  }

  #requestHead(bytes: Buffer, from: number, atNs: number): number {
    // Empty lines before a request are to be passed over (RFC 9112, 2.2).
    if (bytes[from] === 0x0a) return 1;
    if (bytes[from] === 0x0d && bytes[from + 1] === 0x0a) return 2;
    const end = endOfFields(bytes, from);
    const { lines, fields } = this.#heads;
    const fieldsFrom = end === -1 ? -1 : lines.request(bytes, from);
    if (fieldsFrom === -1) {
      const head = headOfBareLines(bytes, from);
      if (head !== undefined) return this.#requestHead(head.bytes, 0, atNs) === WRONG ? WRONG : head.took;
      return end === -1 ? this.#moreOfHead(bytes, from, looks.isRequest) : WRONG;
    }
    fields.read(bytes, fieldsFrom, end);
    if (Number.isNaN(fields.contentLength)) return WRONG;
    const exchange = this.#exchangeOf(atNs);
    this.#begin(exchange);
    this.#requestBodyStart.begin(this.#wishes.bodyBytes);
    if (fields.isChunked) {
      exchange.requestBodySize = 0;
      this.#requestPart = 'chunk';
    } else if (fields.contentLength > 0) {
      exchange.requestBodySize = fields.contentLength;
      this.#requestPart = 'body';
      this.#requestBodyStart.expect(fields.contentLength);
      this.request.skip(fields.contentLength);
    } else {
      this.#sending = undefined;
    }
    return end + EMPTY_LINE - from;
  }

  #moreOfHead(bytes: Buffer, from: number, fits: (bytes: Buffer) => boolean): number {
    return bytes.length - from < MAX_HELD_BYTES && fits(bytes.subarray(from)) ? MORE : WRONG;
  }

  #begin(exchange: HttpExchange): void {
    this.#sending = exchange;
    this.begin(exchange);
  }

  /** Of the head that was just read. */
  #exchangeOf(atNs: number): HttpExchange {
    const { method, path, authority, version } = this.#heads.lines;
    const { host, userAgent, requestId, contentType, context, kept } = this.#heads.fields;
    const isTelemetry = method === 'POST' && TELEMETRY_PATH.test(path) && TELEMETRY_TYPE.test(contentType ?? '');
    return {
      protocol: 'http', method, path, authority: withoutUser(authority ?? host ?? ''), version, isTelemetry, userAgent, requestId, context, requestHeaders: kept,
      startNs: atNs, endNs: atNs, requestOffset: this.request.offset, isCut: false,
      statusCode: 0, responseHeaders: NO_HEADERS, requestBodySize: 0, responseBodySize: undefined, requestBody: NOTHING, responseBody: NOTHING,
    };
  }

  /** The head goes on in a hole; its first line is enough to begin, and of that all but a long query. */
  #cutRequestHead(bytes: Buffer, from: number, atNs: number): void {
    const { lines, fields } = this.#heads;
    const fieldsFrom = lines.request(bytes, from);
    if (fieldsFrom === -1 && !lines.cutInQuery(bytes, from)) return;
    fields.read(bytes, fieldsFrom === -1 ? bytes.length : fieldsFrom, bytes.length);
    const exchange = this.#exchangeOf(atNs);
    exchange.requestBodySize = undefined;
    this.#begin(exchange);
  }

  #endRequest(): void {
    this.#requestPart = 'head';
    this.#sending = undefined;
  }

  #responseHead(bytes: Buffer, from: number): number {
    const end = endOfFields(bytes, from);
    const { lines, fields } = this.#heads;
    const fieldsFrom = end === -1 ? -1 : lines.status(bytes, from);
    if (fieldsFrom === -1) {
      const head = headOfBareLines(bytes, from);
      if (head !== undefined) return this.#responseHead(head.bytes, 0) === WRONG ? WRONG : head.took;
      return end === -1 ? this.#moreOfHead(bytes, from, looks.isResponse) : WRONG;
    }
    fields.read(bytes, fieldsFrom, end);
    const { statusCode } = lines;
    const took = end + EMPTY_LINE - from;
    // 100 Continue and 103 Early Hints are not the answer.
    if (statusCode < 200 && statusCode !== 101) return took;
    const exchange = this.turns.first;
    this.#answering = exchange;
    if (exchange !== undefined) {
      exchange.statusCode = statusCode;
      exchange.responseHeaders = fields.kept;
    }
    return this.#responseBody(statusCode, took);
  }

  #responseBody(statusCode: number, took: number): number {
    const { fields } = this.#heads;
    const method = this.#answering?.method;
    this.#responseBodyStart.begin(this.#wishes.bodyBytes);
    if (statusCode === 101 || (method === 'CONNECT' && statusCode < 300)) {
      this.#endAnswer(this.response.nowNs);
      this.giveUp(this.response.nowNs);
    } else if (method === 'HEAD' || statusCode === 204 || statusCode === 304 || (!fields.isChunked && fields.contentLength === 0)) {
      if (this.#answering !== undefined) this.#answering.responseBodySize = 0;
      this.#endAnswer(this.response.nowNs);
    } else if (fields.isChunked) {
      if (this.#answering !== undefined) this.#answering.responseBodySize = 0;
      this.#responsePart = 'chunk';
    } else if (Number.isNaN(fields.contentLength)) {
      return WRONG;
    } else {
      this.#responsePart = 'body';
      this.#isUntilClose = fields.contentLength === -1;
      if (this.#answering !== undefined) {
        this.#answering.endNs = this.response.nowNs;
        this.#answering.responseBodySize = this.#isUntilClose ? 0 : fields.contentLength;
      }
      const length = this.#isUntilClose ? Number.POSITIVE_INFINITY : fields.contentLength;
      this.#responseBodyStart.expect(length);
      this.response.skip(length);
    }
    return took;
  }

  #cutResponseHead(bytes: Buffer, from: number): void {
    const { lines } = this.#heads;
    if (lines.status(bytes, from) === -1) return;
    const { statusCode } = lines;
    if (statusCode < 200 && statusCode !== 101) return;
    this.#answering = this.turns.first;
    if (this.#answering !== undefined) this.#answering.statusCode = statusCode;
  }

  #endAnswer(atNs: number): void {
    this.#responsePart = 'head';
    this.#isUntilClose = false;
    if (this.#answering === undefined) return;
    if (this.#answering === this.#sending) this.#leaveUncounted(this.#sending);
    this.#answering = undefined;
    this.turns.end(atNs);
  }

  /** Answered before its end: how much of it will come is not known. */
  #leaveUncounted(exchange: HttpExchange): void {
    exchange.requestBodySize = undefined;
    this.#sending = undefined;
  }

  #chunk(bytes: Buffer, from: number, side: Side): number {
    const text = latin1(bytes, from, Math.min(bytes.length, from + MAX_LINE));
    const line = CHUNK_SIZE.exec(text);
    if (line === null) return text.length < MAX_LINE && /^(?:[0-9a-fA-F]{1,12}(?:[ \t;][^\n]*)?\r?)?$/.test(text) ? MORE : WRONG;
    const size = Number.parseInt(line[1] ?? '0', 16);
    if (size === 0) {
      if (side === 'request') this.#requestPart = 'trailer';
      else this.#responsePart = 'trailer';
      return line[0].length;
    }
    const exchange = side === 'request' ? this.#sending : this.#answering;
    if (exchange !== undefined && side === 'request') exchange.requestBodySize = (exchange.requestBodySize ?? 0) + size;
    if (exchange !== undefined && side === 'response') exchange.responseBodySize = (exchange.responseBodySize ?? 0) + size;
    (side === 'request' ? this.#requestBodyStart : this.#responseBodyStart).expect(size);
    // The line break behind the chunk belongs to no chunk.
    (side === 'request' ? this.request : this.response).skip(size + 2);
    return line[0].length;
  }

  #trailer(bytes: Buffer, from: number, side: Side): number {
    const end = bytes.indexOf('\r\n', from, 'latin1');
    if (end === -1) return bytes.length - from < MAX_HELD_BYTES ? MORE : WRONG;
    if (end === from) {
      if (side === 'request') this.#endRequest();
      else this.#endAnswer(this.response.nowNs);
    }
    return end + 2 - from;
  }
}

/** Credentials in a URL are nobody's business. */
function withoutUser(authority: string): string {
  return authority.includes('@') ? authority.replace(/^.*@/, '') : authority;
}
