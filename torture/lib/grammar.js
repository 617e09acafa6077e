/** Messages that follow the shape of OTLP protobuf, with wrong things in right places: reaches what byte changes seldom do. */
const SHAPES = {
  request: { 1: 'owned' },
  owned: { 1: 'resource', 2: 'scoped', 3: 'text' },
  resource: { 1: 'keyValue', 2: 'varint' },
  scoped: { 1: 'scope', 2: 'item', 3: 'text' },
  scope: { 1: 'text', 2: 'text', 3: 'keyValue', 4: 'varint' },
  // Span and LogRecord at once: which it is decides the decoder.
  item: { 1: 'id', 2: 'id', 3: 'text', 4: 'id', 5: 'text', 6: 'keyValue', 7: 'time', 8: 'time', 9: 'keyValue', 10: 'varint', 11: 'event', 12: 'varint', 13: 'link', 14: 'varint', 15: 'status', 16: 'fixed32' },
  event: { 1: 'time', 2: 'text', 3: 'keyValue', 4: 'varint' },
  link: { 1: 'id', 2: 'id', 3: 'text', 4: 'keyValue', 5: 'varint', 6: 'fixed32' },
  status: { 2: 'text', 3: 'varint' },
  keyValue: { 1: 'key', 2: 'anyValue' },
  anyValue: { 1: 'text', 2: 'varint', 3: 'varint', 4: 'time', 5: 'array', 6: 'list', 7: 'text' },
  array: { 1: 'anyValue' },
  list: { 1: 'keyValue' },
};
const KEYS = ['service.name', 'http.route', 'http.method', 'url.full', 'enduser.id', 'sampling.priority', '__proto__', '', 'é', 'k'].map((key) => Buffer.from(key));
const TEXTS = ['', 'checkout', 'GET /cart/42?token=abc', '4111 1111 1111 1111', 'user@example.com', 'Bearer eyJhbGciOi.eyJzdWIiOi.abc', 'ot=th:8;rv:00000000000001', '\u0000"\\\n', '😀', '10.0.0.1'].map((text) => Buffer.from(text));

export function generate(random) {
  return message(random, 'request', 0);
}

function message(random, shape, depth) {
  const fields = Object.keys(SHAPES[shape]);
  const parts = [];
  const count = depth > 12 ? 0 : shape === 'item' ? 3 + random.below(8) : 1 + random.below(3);
  for (let index = 0; index < count; index += 1) {
    const number = random.chance(40) ? 1 + random.below(40) : Number(random.pick(fields));
    parts.push(field(random, number, { kind: SHAPES[shape][number] ?? 'text', depth }));
  }
  return Buffer.concat(parts);
}

function field(random, number, { kind, depth }) {
  const wrongType = random.chance(60) ? random.below(8) : undefined;
  switch (kind) {
    case 'varint': return Buffer.concat([tag(number, wrongType ?? 0), varint(random)]);
    case 'time': return Buffer.concat([tag(number, wrongType ?? 1), time(random)]);
    case 'fixed32': return Buffer.concat([tag(number, wrongType ?? 5), random4(random)]);
    case 'text': return delimited(random, tag(number, wrongType ?? 2), random.pick(TEXTS));
    case 'key': return delimited(random, tag(number, wrongType ?? 2), random.pick(KEYS));
    case 'id': return delimited(random, tag(number, wrongType ?? 2), id(random));
    default: return delimited(random, tag(number, wrongType ?? 2), message(random, kind, depth + 1));
  }
}

function delimited(random, head, payload) {
  const length = random.chance(80) ? random.below(1 << random.below(31)) : payload.length;
  return Buffer.concat([head, encodeVarint(BigInt(length)), payload]);
}

function tag(number, type) {
  return encodeVarint(BigInt(number * 8 + type));
}

function varint(random) {
  return encodeVarint(BigInt.asUintN(64, BigInt(random.below(4)) * 10n ** BigInt(random.below(20)) - BigInt(random.below(3))));
}

function encodeVarint(value) {
  const bytes = [];
  let rest = value;
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

/** Around the time the decoders are told, at 0, or anywhere. */
function time(random) {
  const payload = Buffer.alloc(8);
  const kinds = [1_795_132_800_000_000_000n - BigInt(random.below(10_000)) * 1_000_000n, 0n, 1n, 0xffff_ffff_ffff_ffffn, 10_413_792_000_000_000_000n, 0x7ff8_0000_0000_0000n];
  payload.writeBigUInt64LE(random.pick(kinds));
  return payload;
}

function random4(random) {
  return Buffer.from([random.below(256), random.below(4), 0, random.below(256)]);
}

function id(random) {
  return Buffer.alloc(random.pick([16, 8, 16, 8, 0, 4, 17]), random.below(256));
}
