const OCTET = '(?:0|[1-9]\\d{0,2})';
const DOTTED = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);
const WORDS = 8;

/** The bytes of an address in digits, 4 or 16; undefined for everything else, also for one with a scope (`fe80::1%eth0`). */
export function addressBytes(text: string): readonly number[] | undefined {
  if (DOTTED.test(text)) {
    const octets = text.split('.').map(Number);
    return octets.every((octet) => octet < 256) ? octets : undefined;
  }
  // WHATWG's parser knows every way to write one, and gives back the shortest.
  if (!/^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text) || !URL.canParse(`http://[${text}]/`)) return undefined;
  const [head = '', tail] = new URL(`http://[${text}]/`).hostname.slice(1, -1).split('::');
  const [before, after] = [wordsOf(head), wordsOf(tail ?? '')];
  const zeros = Array.from({ length: tail === undefined ? 0 : WORDS - before.length - after.length }, () => 0);
  return [...before, ...zeros, ...after].flatMap((word) => [word >> 8, word & 255]);
}

function wordsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16));
}

export interface Network {
  readonly bytes: readonly number[];
  /** Leading bits that all of it share. */
  readonly prefix: number;
}

/** `10.1.0.0/16`, `fd00::/8`; undefined for everything else. */
export function parseNetwork(text: string): Network | undefined {
  const [, address = '', digits = ''] = /^(.+)\/(\d{1,3})$/.exec(text) ?? [];
  const bytes = addressBytes(address);
  const prefix = Number(digits);
  return bytes === undefined || prefix > bytes.length * 8 ? undefined : { bytes, prefix };
}

export function isWithin(address: readonly number[], { bytes, prefix }: Network): boolean {
  if (address.length !== bytes.length) return false;
  return bytes.every((byte, index) => {
    const bits = Math.min(Math.max(prefix - index * 8, 0), 8);
    return byte >> (8 - bits) === (address[index] ?? 0) >> (8 - bits);
  });
}
