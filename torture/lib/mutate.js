/** Bytes that mean something: ends of ranges, varint continuations, JSON's own characters, tags of OTLP's fields. */
const BYTES = [0, 1, 2, 7, 8, 9, 10, 12, 15, 0x12, 0x1a, 0x22, 0x2a, 0x32, 0x3a, 0x39, 0x41, 0x4a, 0x5a, 0x5b, 0x5c, 0x5d, 0x6a, 0x7a, 0x7b, 0x7d, 0x7f, 0x80, 0x85, 0xc0, 0xed, 0xf4, 0xfe, 0xff];
/** Pieces that parsers stumble over. */
const PIECES = [
  '{}', '[]', 'null', 'true', '1e999', '-0', '18446744073709551615', '"\\ud800"', '"\\u0000"', '"__proto__":', '"constructor":', '[[[[[[[[', '{"a":{"a":{"a":', '"arrayValue":{"values":[', '"kvlistValue":{"values":[',
  '"intValue":"9223372036854775808"', '"doubleValue":"NaN"', '"bytesValue":"!"', '"traceId":"', '"startTimeUnixNano":"', '"attributes":[', '{"key":"k","value":{"stringValue":"v"}},',
].map((text) => Buffer.from(text));
PIECES.push(...['ffffffffffffffffff01', '80808080808080808080', '0a00', '12ffffffff0f', '4a0412020a00', '39ffffffffffffffff', '0b0c', 'f8ffffff7f', '32022a00', 'c3', 'edb080', 'f48fbfbf', 'efbbbf'].map((hex) => Buffer.from(hex, 'hex')));

/** Up to five changes to one input: bits, bytes, cuts, repetitions, pieces of others, lengths that lie. */
export function mutate(random, input, corpus, limit) {
  let bytes = Buffer.from(input);
  for (let left = 1 + random.below(5); left > 0; left -= 1) bytes = change(random, bytes, corpus);
  return bytes.length > limit ? bytes.subarray(0, limit) : bytes;
}

function change(random, bytes, corpus) {
  const at = random.below(bytes.length + 1);
  switch (random.below(10)) {
    case 0: if (at < bytes.length) bytes[at] ^= 1 << random.below(8); return bytes;
    case 1: if (at < bytes.length) bytes[at] = random.pick(BYTES); return bytes;
    case 2: if (at < bytes.length) bytes[at] = random.below(256); return bytes;
    case 3: return bytes.subarray(0, at);
    case 4: return spliced(bytes, at, Buffer.from([random.pick(BYTES), random.below(256)]));
    case 5: return spliced(bytes, at, random.pick(PIECES));
    case 6: return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + 1 + random.below(16)))]);
    case 7: return spliced(bytes, at, part(random, bytes, 64));
    case 8: return spliced(bytes, at, part(random, random.pick(corpus), 256));
    default: if (at < bytes.length) bytes[at] = (bytes[at] + random.pick([1, 255, 128, 16])) & 0xff; return bytes;
  }
}

function spliced(bytes, at, piece) {
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
}

function part(random, bytes, longest) {
  const start = random.below(bytes.length);
  return bytes.subarray(start, start + 1 + random.below(longest));
}
