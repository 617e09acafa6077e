import { LAYOUT } from './layout.js';

export { LAYOUT };

const { structs: { event_header, event_data, event_open, event_end, event_close, event_process, frame_clock }, constants } = LAYOUT;
const HEADER = event_header.fields;
const DATA = event_data.fields;
const OPEN = event_open.fields;
const END = event_end.fields;
const CLOSE = event_close.fields;
const PROCESS = event_process.fields;
const CLOCK = frame_clock.fields;

/** What every frame says. */
export interface FrameHeader {
  /** Nanoseconds of the monotonic clock. */
  readonly timeNs: number;
  /** Of the socket; 0 where none is meant. */
  readonly cookie: number;
  readonly tgid: number;
  readonly tid: number;
  readonly sequence: number;
  readonly cpu: number;
}

export type Direction = 'receive' | 'send';
export type Role = 'unknown' | 'client' | 'server';
export type Nominated = 'unknown' | 'http' | 'http2' | 'postgresql' | 'redis' | 'tls';

/** Valid only while it is handled: the next one takes its place. */
export interface DataFrame extends Omit<FrameHeader, 'sequence' | 'cpu'> {
  readonly position: number;
  readonly total: number;
  /** Valid only while the frame is handled. */
  readonly head: Buffer;
  readonly tail: Buffer;
  readonly tcpSequence: number;
  readonly direction: Direction;
  readonly nominated: Nominated;
  readonly role: Role;
  readonly isPlaintextOfTls: boolean;
  readonly hasHoleBefore: boolean;
}

export interface OpenFrame extends FrameHeader {
  readonly cgroup: number;
  readonly network: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly family: 4 | 6;
  readonly role: Role;
  readonly isFromStart: boolean;
  /** TCP sequence number of the client's first byte, the same at both ends; 0: not known. */
  readonly firstSequence: number;
  readonly nominated: Nominated;
}

export interface CloseFrame extends FrameHeader {
  readonly error: number;
  /** The other side ended it first. */
  readonly isByPeer: boolean;
}

/** Where decoded frames go. What is not known is passed over. */
export interface FrameSink {
  data(frame: DataFrame): void;
  open(frame: OpenFrame): void;
  end(frame: FrameHeader & { readonly direction: Direction }): void;
  close(frame: CloseFrame): void;
  process(frame: FrameHeader & { readonly what: 'exec' | 'exit' | 'fork'; readonly parent: number }): void;
  clock(frame: FrameHeader & { readonly realtimeNs: bigint; readonly monotonicNs: bigint }): void;
  /** A text frame: hello, process, loss, library, cost. */
  text(kind: TextKind, json: unknown, atNs: number): void;
}

export type TextKind = 'hello' | 'process' | 'loss' | 'library' | 'cost';

const ROLES: readonly Role[] = ['unknown', 'client', 'server'];
const NOMINATED: readonly Nominated[] = ['unknown', 'http', 'http2', 'postgresql', 'redis', 'tls'];
const TEXTS: ReadonlyMap<number, TextKind> = new Map([
  [constants.FRAME_HELLO, 'hello'], [constants.FRAME_PROCESS, 'process'], [constants.FRAME_LOSS, 'loss'], [constants.FRAME_LIBRARY, 'library'], [constants.FRAME_COST, 'cost'],
]);
const NOTHING = Buffer.alloc(0);
/** Not whole, so that V8 keeps a double here from the beginning. */
const NO_NUMBER = 0.5;

/** The stream does not follow agent/PROTOCOL.md: going on would be guessing. */
export class BrokenStream extends Error {
  override readonly name = 'BrokenStream';
}

/** Bytes of the stream, and the way to numbers in them: the runtime compiles a DataView's reads into the code that asks, and calls a chain of functions for a Buffer's. */
interface Chunk {
  readonly bytes: Buffer;
  readonly view: DataView;
}

function chunkOf(bytes: Buffer): Chunk {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}

/** Splits the loader's stream into frames and decodes them. */
export class FrameReader {
  readonly #sink: FrameSink;
  #rest: Buffer = NOTHING;
  readonly #dataFrame: { -readonly [Key in keyof DataFrame]: DataFrame[Key] } = {
    timeNs: NO_NUMBER, cookie: 0, tgid: 0, tid: 0, position: 0, total: 0, head: NOTHING, tail: NOTHING, tcpSequence: 0,
    direction: 'send', nominated: 'unknown', role: 'unknown', isPlaintextOfTls: false, hasHoleBefore: false,
  };

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  push(bytes: Buffer): void {
    let from = this.#finish(bytes);
    const chunk = chunkOf(bytes);
    while (bytes.length - from >= event_header.size) {
      const length = lengthOf(chunk, from);
      if (bytes.length - from < length) break;
      this.#take(chunk, from, length);
      from += length;
    }
    if (from < bytes.length) this.#rest = Buffer.from(bytes.subarray(from));
  }

  /** Takes the frame that the chunk before began, from a copy of that one alone. Where the chunk goes on behind it. */
  #finish(bytes: Buffer): number {
    if (this.#rest.length === 0) return 0;
    const begun = this.#rest.length;
    this.#rest = filledUp(this.#rest, bytes, event_header.size);
    if (this.#rest.length < event_header.size) return bytes.length;
    const length = lengthOf(chunkOf(this.#rest), 0);
    const frame = filledUp(this.#rest, bytes.subarray(this.#rest.length - begun), length);
    if (frame.length < length) {
      this.#rest = frame;
      return bytes.length;
    }
    this.#rest = NOTHING;
    this.#take(chunkOf(frame), 0, length);
    return length - begun;
  }

  #take(chunk: Chunk, from: number, length: number): void {
    if (chunk.view.getUint16(from + HEADER.type[0], true) === constants.EVENT_DATA) this.#data(chunk, from, length);
    else this.#frame(chunkOf(chunk.bytes.subarray(from, from + length)));
  }

  #frame(frame: Chunk): void {
    const type = frame.view.getUint16(HEADER.type[0], true);
    switch (type) {
      case constants.EVENT_OPEN: this.#open(frame); break;
      case constants.EVENT_END: this.#sink.end({ ...header(sized(frame, event_end.size)), direction: direction(frame.view.getUint8(END.direction[0])) }); break;
      case constants.EVENT_CLOSE: this.#sink.close({ ...header(sized(frame, event_close.size)), error: frame.view.getUint32(CLOSE.error[0], true), isByPeer: frame.view.getUint32(CLOSE.by_peer[0], true) !== 0 }); break;
      case constants.EVENT_EXEC: this.#process(frame, 'exec'); break;
      case constants.EVENT_EXIT: this.#process(frame, 'exit'); break;
      case constants.EVENT_FORK: this.#process(frame, 'fork'); break;
      case constants.FRAME_CLOCK: this.#clock(frame); break;
      default: this.#text(frame, TEXTS.get(type));
    }
  }

  /** The one frame that comes by the ten thousands a second: read in place, into one object that is used again. */
  #data({ bytes, view }: Chunk, at: number, length: number): void {
    if (length < event_data.size) throw new BrokenStream(`a data frame of ${length} bytes cannot be`);
    const head = view.getUint32(at + DATA.head[0], true);
    const tail = view.getUint32(at + DATA.tail[0], true);
    const frame = this.#dataFrame;
    frame.total = view.getUint32(at + DATA.total[0], true);
    const captured = at + event_data.size;
    if (event_data.size + head + tail !== length || head + tail > frame.total) throw new BrokenStream('a data frame has another length than its parts');
    const flags = view.getUint8(at + DATA.flags[0]);
    frame.timeNs = u64(view, at + HEADER.time_ns[0]);
    frame.cookie = u64(view, at + HEADER.cookie[0]);
    frame.tgid = view.getUint32(at + HEADER.tgid[0], true);
    frame.tid = view.getUint32(at + HEADER.tid[0], true);
    frame.position = u64(view, at + DATA.position[0]);
    frame.head = head === 0 ? NOTHING : bytes.subarray(captured, captured + head);
    frame.tail = tail === 0 ? NOTHING : bytes.subarray(captured + head, captured + head + tail);
    frame.tcpSequence = view.getUint32(at + DATA.tcp_sequence[0], true);
    frame.direction = direction(view.getUint8(at + DATA.direction[0]));
    frame.nominated = NOMINATED[view.getUint8(at + DATA.protocol[0])] ?? 'unknown';
    frame.role = ROLES[view.getUint8(at + DATA.role[0])] ?? 'unknown';
    frame.isPlaintextOfTls = (flags & constants.DATA_TLS) !== 0;
    frame.hasHoleBefore = (flags & constants.DATA_HOLE_BEFORE) !== 0;
    this.#sink.data(frame);
  }

  #open(frame: Chunk): void {
    sized(frame, event_open.size);
    const family = frame.view.getUint8(OPEN.family[0]) === 6 ? 6 : 4;
    this.#sink.open({
      ...header(frame), cgroup: u64(frame.view, OPEN.cgroup[0]), network: frame.view.getUint32(OPEN.network[0], true), family,
      localAddress: address(frame.bytes, OPEN.local[0], family), localPort: frame.view.getUint16(OPEN.local_port[0], true),
      remoteAddress: address(frame.bytes, OPEN.remote[0], family), remotePort: frame.view.getUint16(OPEN.remote_port[0], true),
      role: ROLES[frame.view.getUint8(OPEN.role[0])] ?? 'unknown', isFromStart: frame.view.getUint8(OPEN.origin[0]) === constants.ORIGIN_SEEN, firstSequence: frame.view.getUint32(OPEN.first_sequence[0], true),
      nominated: NOMINATED[frame.view.getUint8(OPEN.protocol[0])] ?? 'unknown',
    });
  }

  #process(frame: Chunk, what: 'exec' | 'exit' | 'fork'): void {
    this.#sink.process({ ...header(sized(frame, event_process.size)), what, parent: frame.view.getUint32(PROCESS.parent[0], true) });
  }

  #clock(frame: Chunk): void {
    sized(frame, frame_clock.size);
    this.#sink.clock({ ...header(frame), monotonicNs: frame.view.getBigUint64(HEADER.time_ns[0], true), realtimeNs: frame.view.getBigUint64(CLOCK.realtime_ns[0], true) });
  }

  #text(frame: Chunk, kind: TextKind | undefined): void {
    if (kind === undefined) return;
    let json: unknown;
    try {
      json = JSON.parse(frame.bytes.toString('utf8', event_header.size));
    } catch {
      throw new BrokenStream(`a ${kind} frame is not JSON`);
    }
    if (kind === 'hello') checkVersion(json);
    this.#sink.text(kind, json, u64(frame.view, HEADER.time_ns[0]));
  }
}

/** The loader may have been built before the agent was renewed. */
function checkVersion(hello: unknown): void {
  const { protocol } = (hello ?? {}) as { readonly protocol?: unknown };
  if (protocol !== LAYOUT.protocol) throw new BrokenStream(`it speaks version ${String(protocol)} of the protocol, this agent version ${LAYOUT.protocol}: build both anew (\`npm run build:agent\`)`);
}

function lengthOf({ view }: Chunk, from: number): number {
  const length = view.getUint32(from + HEADER.length[0], true);
  if (length < event_header.size || length > constants.FRAME_LENGTH_MOST) throw new BrokenStream(`a frame of ${length} bytes cannot be`);
  return length;
}

/** `begun` with as many of the bytes that follow as make it `length` long, or with all of them. */
function filledUp(begun: Buffer, following: Buffer, length: number): Buffer {
  return begun.length >= length ? begun : Buffer.concat([begun, following.subarray(0, length - begun.length)]);
}

function header(frame: Chunk): FrameHeader {
  return {
    timeNs: u64(frame.view, HEADER.time_ns[0]), cookie: u64(frame.view, HEADER.cookie[0]), tgid: frame.view.getUint32(HEADER.tgid[0], true), tid: frame.view.getUint32(HEADER.tid[0], true),
    sequence: frame.view.getUint32(HEADER.sequence[0], true), cpu: frame.view.getUint16(HEADER.cpu[0], true),
  };
}

function sized(frame: Chunk, size: number): Chunk {
  if (frame.bytes.length < size) throw new BrokenStream(`a frame has ${frame.bytes.length} bytes, its type needs ${size}`);
  return frame;
}

/** Exact up to 2^53: cookies and positions never get there, and the clock is off by a nanosecond after 104 days. */
function u64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 4_294_967_296;
}

function direction(value: number): Direction {
  return value === constants.DIRECTION_SEND ? 'send' : 'receive';
}

function address(frame: Buffer, at: number, family: 4 | 6): string {
  if (family === 4) return `${frame[at]!}.${frame[at + 1]!}.${frame[at + 2]!}.${frame[at + 3]!}`;
  const groups = Array.from({ length: 8 }, (_, index) => frame.readUInt16BE(at + index * 2).toString(16));
  return shortened(groups);
}

/** RFC 5952: the longest run of zeros, of two and more, becomes `::`. */
function shortened(groups: readonly string[]): string {
  let best = { at: -1, length: 1 };
  for (let at = 0; at < groups.length; at += 1) {
    let length = 0;
    while (groups[at + length] === '0') length += 1;
    if (length > best.length) best = { at, length };
  }
  if (best.at === -1) return groups.join(':');
  return `${groups.slice(0, best.at).join(':')}::${groups.slice(best.at + best.length).join(':')}`;
}
