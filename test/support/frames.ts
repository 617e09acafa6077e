import { LAYOUT } from '../../agent/layout.js';

const { structs, constants } = LAYOUT;

/** Synthetic frames, as the loader would write them (agent/PROTOCOL.md). */
export interface Where {
  readonly cookie?: number;
  readonly tgid?: number;
  readonly tid?: number;
  readonly atNs?: number;
}

type Fields = Readonly<Record<string, readonly [number, number]>>;

function frame(type: number, size: number, { cookie = 0, tgid = 1, tid = tgid, atNs = 0 }: Where): Buffer {
  const bytes = Buffer.alloc(size);
  put(bytes, structs.event_header.fields, { time_ns: atNs, cookie, length: size, tgid, tid, type });
  return bytes;
}

function put(bytes: Buffer, fields: Fields, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    const [at, size] = fields[name] ?? [0, 0];
    if (size === 8) bytes.writeBigUInt64LE(BigInt(value), at);
    else bytes.writeUIntLE(value, at, size);
  }
}

export function openFrame(where: Where, { role, local, remote, origin = 0, protocol = 0, firstSequence = 0 }: { readonly role: 'client' | 'server' | 'unknown'; readonly local: string; readonly remote: string; readonly origin?: number; readonly protocol?: number; readonly firstSequence?: number }): Buffer {
  const bytes = frame(constants.EVENT_OPEN, structs.event_open.size, where);
  const { fields } = structs.event_open;
  const [localAddress = '', localPort = ''] = local.split(':');
  const [remoteAddress = '', remotePort = ''] = remote.split(':');
  put(bytes, fields, { local_port: Number(localPort), remote_port: Number(remotePort), family: 4, role: { unknown: 0, client: 1, server: 2 }[role], origin, protocol, first_sequence: firstSequence });
  localAddress.split('.').forEach((part, index) => bytes.writeUInt8(Number(part), fields.local[0] + index));
  remoteAddress.split('.').forEach((part, index) => bytes.writeUInt8(Number(part), fields.remote[0] + index));
  return bytes;
}

export function dataFrame(where: Where, { direction, position, text, sequence = 0, total, flags = 0 }: { readonly direction: 'receive' | 'send'; readonly position: number; readonly text: string; readonly sequence?: number; readonly total?: number; readonly flags?: number }): Buffer {
  const head = Buffer.from(text, 'latin1');
  const size = structs.event_data.size + head.length;
  const bytes = frame(constants.EVENT_DATA, size, where);
  put(bytes, structs.event_data.fields, { position, total: total ?? head.length, head: head.length, tcp_sequence: sequence, direction: direction === 'send' ? 1 : 0, flags });
  head.copy(bytes, structs.event_data.size);
  return bytes;
}

export function closeFrame(where: Where, error = 0, isByPeer = false): Buffer {
  const bytes = frame(constants.EVENT_CLOSE, structs.event_close.size, where);
  put(bytes, structs.event_close.fields, { error, by_peer: Number(isByPeer) });
  return bytes;
}

export function processEventFrame(where: Where, what: 'exec' | 'exit' | 'fork'): Buffer {
  return frame({ exec: constants.EVENT_EXEC, exit: constants.EVENT_EXIT, fork: constants.EVENT_FORK }[what], structs.event_process.size, where);
}

export function clockFrame(atNs: number, realtimeNs: number): Buffer {
  const bytes = frame(constants.FRAME_CLOCK, structs.frame_clock.size, { atNs });
  put(bytes, structs.frame_clock.fields, { realtime_ns: realtimeNs });
  return bytes;
}

export function textFrame(type: number, json: unknown, atNs = 0): Buffer {
  const body = Buffer.from(JSON.stringify(json));
  const bytes = frame(type, structs.event_header.size + body.length, { atNs });
  body.copy(bytes, structs.event_header.size);
  return bytes;
}

export function processFrame(facts: Readonly<Record<string, unknown>>): Buffer {
  return textFrame(constants.FRAME_PROCESS, { comm: 'x', ...facts });
}

/** `ringFull`: events that the kernel has lost since the start. */
export function lossFrame(ringFull: number, atNs: number): Buffer {
  return textFrame(constants.FRAME_LOSS, { cpus: [{ cpu: 0, ringFull }], loader: { queueFull: 0, missedRuns: 0 } }, atNs);
}

/** A message of PostgreSQL's protocol, one character a byte. */
export function postgresMessage(type: string, body: string): string {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  return `${type}${length.toString('latin1')}${body}`;
}
