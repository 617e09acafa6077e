// Makes a screenshot small: the same picture with at most 256 colours, compressed as far as it goes. Chromium writes PNGs fast, not small.
import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const COLOURS = 256;
const CHANNELS = { 2: 3, 6: 4 };

/** Takes 8-bit RGB or RGBA without interlacing, as Chromium writes it; transparency is dropped. */
export function smallPng(png) {
  const { width, height, channels, rows } = decode(png);
  const counts = new Map();
  const colourAt = (row, x) => (rows[row * (width * channels) + x * channels] << 16) | (rows[row * (width * channels) + x * channels + 1] << 8) | rows[row * (width * channels) + x * channels + 2];
  for (let row = 0; row < height; row += 1) for (let x = 0; x < width; x += 1) counts.set(colourAt(row, x), (counts.get(colourAt(row, x)) ?? 0) + 1);
  const palette = [...counts].sort((left, right) => right[1] - left[1]).slice(0, COLOURS).map(([colour]) => colour);
  const indexOf = new Map(palette.map((colour, index) => [colour, index]));
  const pixels = Buffer.alloc(height * (width + 1));
  for (let row = 0; row < height; row += 1) {
    for (let x = 0; x < width; x += 1) {
      const colour = colourAt(row, x);
      if (!indexOf.has(colour)) indexOf.set(colour, nearest(palette, colour));
      pixels[row * (width + 1) + 1 + x] = indexOf.get(colour);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  const colours = Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  return Buffer.concat([SIGNATURE, chunk('IHDR', header), chunk('PLTE', colours), chunk('IDAT', deflateSync(pixels, { level: 9 })), chunk('IEND', Buffer.alloc(0))]);
}

function nearest(palette, colour) {
  let best = 0;
  let least = Infinity;
  for (const [index, other] of palette.entries()) {
    const distance = ((colour >> 16) - (other >> 16)) ** 2 + (((colour >> 8) & 255) - ((other >> 8) & 255)) ** 2 + ((colour & 255) - (other & 255)) ** 2;
    if (distance < least) [best, least] = [index, distance];
  }
  return best;
}

function decode(png) {
  const parts = [];
  let header;
  for (let offset = SIGNATURE.length; offset < png.length;) {
    const length = png.readUInt32BE(offset);
    const type = png.toString('latin1', offset + 4, offset + 8);
    if (type === 'IHDR') header = png.subarray(offset + 8, offset + 8 + length);
    if (type === 'IDAT') parts.push(png.subarray(offset + 8, offset + 8 + length));
    offset += length + 12;
  }
  const [width, height, channels] = [header.readUInt32BE(0), header.readUInt32BE(4), CHANNELS[header[9]]];
  if (channels === undefined || header[8] !== 8 || header[12] !== 0) throw new Error('only 8-bit RGB and RGBA without interlacing');
  return { width, height, channels, rows: unfilter(inflateSync(Buffer.concat(parts)), { stride: width * channels, height, channels }) };
}

/** PNG (ISO 15948) §9: each row says how it was predicted from its neighbours. */
function unfilter(raw, { stride, height, channels }) {
  const rows = Buffer.alloc(stride * height);
  for (let row = 0; row < height; row += 1) {
    const filter = raw[row * (stride + 1)];
    for (let column = 0; column < stride; column += 1) {
      const left = column < channels ? 0 : rows[row * stride + column - channels];
      const up = row === 0 ? 0 : rows[(row - 1) * stride + column];
      const corner = column < channels || row === 0 ? 0 : rows[(row - 1) * stride + column - channels];
      const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
      rows[row * stride + column] = raw[row * (stride + 1) + 1 + column] + predicted;
    }
  }
  return rows;
}

function paeth(left, up, corner) {
  const [toLeft, toUp, toCorner] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

function chunk(type, content) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(content.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
