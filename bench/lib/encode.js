// Export requests of realistic spans, encoded once, with the places of all that must differ from send to send: ids, a user, a URL.
// About 500 bytes and 12 attributes a span, eight spans a trace.

const SERVICES = ['frontend', 'checkout', 'payment', 'catalogue', 'cart', 'shipping', 'recommendation', 'currency', 'email', 'inventory'];
const OPERATIONS = [['GET', '/api/items/{id}'], ['POST', '/api/checkout'], ['GET', '/api/cart'], ['PUT', '/api/cart/{item}'], ['GET', '/api/quotes'], ['POST', '/api/pay'], ['GET', '/health'], ['DELETE', '/api/cart/{item}']];
const REGIONS = ['eu-central-1', 'eu-west-1', 'us-east-1', 'ap-south-1'];
const AGENTS = ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36', 'okhttp/4.12.0', 'curl/8.5.0', 'python-requests/2.32'];
const SPANS_PER_TRACE = 8;
/** Each span is the child of the one before: a request, a call and who answers it, work inside, another call and its answer, a call to someone silent. */
const KINDS = [2, 3, 2, 1, 3, 2, 3, 1];
const ID_HEX = 16;
const SPAN_ID_HEX = '0'.repeat(ID_HEX);
/** SDKs send what ended in the last five seconds (OpenTelemetry's batch processor). */
const BATCH_MS = 5_000;

export { SERVICES, OPERATIONS };

/** Bytes under construction. Lengths are written after the fact, so that patch offsets are known as they are made. */
class Writer {
  constructor(size) {
    this.bytes = Buffer.alloc(size);
    this.at = 0;
  }

  varint(value) {
    while (value > 127) {
      this.bytes[this.at++] = (value % 128) | 128;
      value = Math.floor(value / 128);
    }
    this.bytes[this.at++] = value;
  }

  text(field, value) {
    this.varint(field * 8 + 2);
    this.varint(Buffer.byteLength(value));
    const at = this.at;
    this.at += this.bytes.write(value, this.at);
    return at;
  }

  raw(field, length) {
    this.varint(field * 8 + 2);
    this.varint(length);
    const at = this.at;
    this.at += length;
    return at;
  }

  fixed64(field, value) {
    this.varint(field * 8 + 1);
    const at = this.at;
    this.at = this.bytes.writeBigUInt64LE(value, at);
    return at;
  }

  /** A message with a length of always four bytes, which protobuf allows. */
  message(field, write) {
    this.varint(field * 8 + 2);
    const lengthAt = this.at;
    this.at += 4;
    const result = write();
    let length = this.at - lengthAt - 4;
    for (let index = 0; index < 4; index += 1) {
      this.bytes[lengthAt + index] = (length & 127) | (index < 3 ? 128 : 0);
      length >>= 7;
    }
    return result;
  }

  /** A message as real encoders write it, with the shortest length. `write` may not make patch offsets, as the message moves. */
  short(field, write) {
    this.varint(field * 8 + 2);
    const lengthAt = this.at;
    this.at += 1;
    write();
    const length = this.at - lengthAt - 1;
    if (length < 128) {
      this.bytes[lengthAt] = length;
      return;
    }
    this.bytes.copyWithin(lengthAt + 2, lengthAt + 1, this.at);
    this.at += 1;
    this.bytes[lengthAt] = (length & 127) | 128;
    this.bytes[lengthAt + 1] = length >> 7;
  }

  attribute(field, key, value) {
    this.short(field, () => {
      this.text(1, key);
      this.short(2, () => {
        if (typeof value === 'string') this.text(1, value);
        else {
          this.varint(3 * 8);
          this.varint(value);
        }
      });
    });
  }

  /** An attribute whose value ends in 16 hex digits that each send replaces; returns where. */
  patched(field, key, prefix) {
    const value = prefix + SPAN_ID_HEX;
    this.attribute(field, key, value);
    return this.at - ID_HEX;
  }
}

/** Same numbers every time: the bench is to be repeated, not to be surprised. */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
}

/** One request of `count` spans of `services` services, every `failEvery`-th of which failed (0: none). */
export function template(count, services, seed, failEvery = 0) {
  const random = randomFrom(seed);
  const writer = new Writer(count * 800 + 4_096);
  const patches = { trace: [], span: [], parent: [], user: [], url: [], start: [], end: [] };
  const times = { ageMs: [], durationNs: [] };
  const perService = Math.ceil(count / services);
  let left = count;
  for (let index = 0; index < services && left > 0; index += 1) {
    const service = SERVICES[(seed + index) % SERVICES.length];
    const rows = Math.min(perService, left);
    left -= rows;
    writer.message(1, () => {
      writer.short(1, () => {
        for (const [key, value] of Object.entries({ 'service.name': service, 'service.version': `1.${seed % 3}.2`, 'host.name': `node-${seed % 5}`, 'k8s.pod.name': `${service}-7d9f-${seed % 4}`, 'telemetry.sdk.language': 'nodejs' })) writer.attribute(1, key, value);
      });
      writer.message(2, () => {
        writer.short(1, () => {
          writer.text(1, '@opentelemetry/instrumentation-http');
          writer.text(2, '0.223.0');
        });
        for (let row = 0; row < rows; row += 1) writer.message(2, () => span(writer, { patches, times }, { random, failed: failEvery > 0 && row % failEvery === 0 }));
      });
    });
  }
  return { bytes: Buffer.from(writer.bytes.subarray(0, writer.at)), patches: Object.fromEntries(Object.entries(patches).map(([name, list]) => [name, Uint32Array.from(list)])), times, count };
}

function span(writer, { patches, times }, { random, failed }) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const [method, route] = pick(OPERATIONS);
  // A healthy shop, unless asked otherwise: nothing fails and nothing is slow. What a breach costs (evidence, pages) is another bench's business.
  times.durationNs.push(BigInt(Math.floor(Math.exp(random() * 4) * 2e6)));
  times.ageMs.push(Math.floor(random() * BATCH_MS));
  patches.trace.push(writer.raw(1, 16));
  patches.span.push(writer.raw(2, 8));
  patches.parent.push(writer.raw(4, 8));
  writer.text(5, `${method} ${route}`);
  writer.varint(6 * 8);
  writer.varint(KINDS[(patches.span.length - 1) % SPANS_PER_TRACE]);
  patches.start.push(writer.fixed64(7, 0n));
  patches.end.push(writer.fixed64(8, 0n));
  writer.attribute(9, 'http.request.method', method);
  writer.attribute(9, 'http.route', route);
  writer.attribute(9, 'http.response.status_code', 200);
  patches.url.push(writer.patched(9, 'url.path', '/api/items/4711/'));
  writer.attribute(9, 'server.address', 'shop.example.internal');
  writer.attribute(9, 'server.port', 8080);
  writer.attribute(9, 'network.protocol.version', '1.1');
  writer.attribute(9, 'user_agent.original', pick(AGENTS));
  writer.attribute(9, 'cloud.region', pick(REGIONS));
  writer.attribute(9, 'shop.tenant', `tenant-${Math.floor(random() * 200)}`);
  patches.user.push(writer.patched(9, 'enduser.id', 'user-'));
  writer.attribute(9, 'shop.basket.total', Math.floor(random() * 100_000));
  writer.short(15, () => {
    writer.varint(3 * 8);
    writer.varint(failed ? 2 : 0);
  });
}

let sequence = 0;
const DIGITS = Buffer.from('0123456789abcdef');

/** Gives every span of the request ids of its own, and times before now; `salt` tells senders apart. Returns a copy, which a client may keep. */
export function stamped(made, salt) {
  const copy = stampedFrom(made, salt, { firstId: sequence + 1, nowMs: Date.now() });
  sequence += made.count;
  return copy;
}

/** The same, with ids from `firstId` on: equal arguments make equal bytes. */
export function stampedFrom({ bytes, patches, times, count }, salt, { firstId, nowMs }) {
  const copy = Buffer.from(bytes);
  let parent = 0;
  for (let row = 0; row < count; row += 1) {
    const id = firstId + row;
    const trace = Math.floor((id - 1) / SPANS_PER_TRACE) + 1;
    copy.writeUInt32BE(salt, patches.trace[row]);
    copy.writeUInt32BE(Math.imul(trace, 0x9e3779b1) >>> 0, patches.trace[row] + 4);
    copy.writeUInt32BE(Math.imul(trace, 0x85ebca6b) >>> 0, patches.trace[row] + 8);
    copy.writeUInt32BE(trace, patches.trace[row] + 12);
    copy.writeUInt32BE(Math.imul(id, 0x9e3779b1) >>> 0, patches.span[row]);
    copy.writeUInt32BE(id, patches.span[row] + 4);
    const root = (id - 1) % SPANS_PER_TRACE === 0;
    copy.writeUInt32BE(root ? 0 : Math.imul(parent, 0x9e3779b1) >>> 0, patches.parent[row]);
    copy.writeUInt32BE(root ? 0 : parent, patches.parent[row] + 4);
    parent = id;
    const endNs = BigInt(nowMs - times.ageMs[row]) * 1_000_000n;
    copy.writeBigUInt64LE(endNs - times.durationNs[row], patches.start[row]);
    copy.writeBigUInt64LE(endNs, patches.end[row]);
    hex(copy, patches.user[row], Math.imul(id, 0x9e3779b1) >>> 0, id);
    hex(copy, patches.url[row], id, salt);
  }
  return copy;
}

function hex(target, at, high, low) {
  for (let digit = 0; digit < 8; digit += 1) {
    target[at + digit] = DIGITS[(high >>> (28 - digit * 4)) & 15];
    target[at + 8 + digit] = DIGITS[(low >>> (28 - digit * 4)) & 15];
  }
}
