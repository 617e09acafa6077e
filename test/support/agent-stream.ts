/** A reader of the loader's stream for tests, written from agent/PROTOCOL.md alone: it checks the contract, not the agent's reader. */
const HEADER = 40;
const TYPES: Readonly<Record<number, string>> = {
  1: 'data', 2: 'open', 3: 'end', 4: 'close', 5: 'exec', 6: 'exit', 7: 'fork',
  64: 'hello', 65: 'clock', 66: 'process', 67: 'loss', 68: 'library', 69: 'cost',
};

export interface Frame {
  readonly type: string;
  readonly timeNs: bigint;
  readonly cookie: string;
  readonly pid: number;
  readonly bytes: Buffer;
}

export interface DataFrame extends Frame {
  readonly position: number;
  readonly total: number;
  readonly head: Buffer;
  readonly tail: Buffer;
  readonly direction: 'received' | 'sent';
  readonly source: number;
  readonly protocol: number;
  readonly role: number;
  readonly gap: number;
  readonly isTls: boolean;
  readonly hasHoleBefore: boolean;
  readonly isFirst: boolean;
}

/** Splits whole frames off; throws on what the protocol forbids. Returns what is left of an unfinished frame. */
export function takeFrames(bytes: Buffer, onFrame: (frame: Frame) => void): Buffer {
  let at = 0;
  while (bytes.length - at >= HEADER) {
    const length = bytes.readUInt32LE(at + 16);
    if (length < HEADER || length > 65_536) throw new Error(`a frame of ${length} bytes`);
    if (bytes.length - at < length) break;
    const type = TYPES[bytes.readUInt16LE(at + 32)];
    if (type === undefined) throw new Error(`a frame of type ${bytes.readUInt16LE(at + 32)}`);
    onFrame({
      type, timeNs: bytes.readBigUInt64LE(at), cookie: bytes.readBigUInt64LE(at + 8).toString(), pid: bytes.readUInt32LE(at + 20),
      bytes: Buffer.from(bytes.subarray(at, at + length)),
    });
    at += length;
  }
  return bytes.subarray(at);
}

export function readData(frame: Frame): DataFrame {
  const { bytes } = frame;
  const head = bytes.readUInt32LE(52);
  const tail = bytes.readUInt32LE(56);
  if (bytes.length !== 72 + head + tail) throw new Error(`${bytes.length} bytes for a head of ${head} and a tail of ${tail}`);
  const flags = bytes.readUInt8(69);
  return {
    ...frame, position: Number(bytes.readBigUInt64LE(40)), total: bytes.readUInt32LE(48),
    head: bytes.subarray(72, 72 + head), tail: bytes.subarray(72 + head),
    direction: bytes.readUInt8(64) === 1 ? 'sent' : 'received', source: bytes.readUInt8(65), protocol: bytes.readUInt8(66),
    role: bytes.readUInt8(67), gap: bytes.readUInt8(68), isTls: (flags & 1) !== 0, hasHoleBefore: (flags & 2) !== 0, isFirst: (flags & 4) !== 0,
  };
}

export interface OpenFrame extends Frame {
  readonly network: number;
  readonly localPort: number;
  readonly remotePort: number;
  readonly family: number;
  readonly role: number;
  readonly origin: number;
  readonly protocol: number;
  readonly firstSequence: number;
}

export function readOpen(frame: Frame): OpenFrame {
  const { bytes } = frame;
  return {
    ...frame, network: bytes.readUInt32LE(56), localPort: bytes.readUInt16LE(112), remotePort: bytes.readUInt16LE(114),
    family: bytes.readUInt8(116), role: bytes.readUInt8(117), origin: bytes.readUInt8(118), protocol: bytes.readUInt8(119), firstSequence: bytes.readUInt32LE(124),
  };
}

export const readJson = (frame: Frame): Record<string, unknown> => JSON.parse(frame.bytes.subarray(HEADER).toString()) as Record<string, unknown>;
