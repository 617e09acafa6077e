import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InternTable } from './intern-table.js';
import { WireReader } from './wire-reader.js';

const SLOTS = 64;
const SLOT_BYTES = 16;

function readerOf(bytes: Uint8Array): WireReader {
  const reader = new WireReader();
  reader.load(bytes);
  return reader;
}

/** Finds the bytes, or claims a slot for them; says which slot and whether it was known. */
function look(table: InternTable, bytes: Uint8Array): { readonly slot: number; readonly known: boolean } {
  const reader = readerOf(bytes);
  const slot = table.find(reader, 0, bytes.length);
  return slot >= 0 ? { slot, known: true } : { slot: table.claim(reader, 0, bytes.length), known: false };
}

/** Eight bytes of which the first four are free: the last four are chosen so that the whole has one hash, see `hashOf`. */
function colliding(first: number): Uint8Array {
  const mixed = (word: number): number => {
    const product = Math.imul(8 ^ word, 0x9e3779b1);
    return product ^ (product >>> 15);
  };
  const bytes = Buffer.alloc(8);
  bytes.writeInt32LE(first);
  bytes.writeInt32LE(mixed(first) ^ mixed(0), 4);
  return Uint8Array.from(bytes);
}

describe('an intern table', () => {
  test('finds what it was given, and nothing else', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: SLOT_BYTES }), { maxLength: 300 }), (sequences) => {
      const table = new InternTable(SLOTS, SLOT_BYTES);
      const held = new Map<number, string>();
      for (const bytes of sequences) {
        const { slot, known } = look(table, bytes);
        expect(slot).toBeGreaterThanOrEqual(0);
        expect(slot).toBeLessThan(SLOTS);
        if (known) expect(held.get(slot)).toBe(Buffer.from(bytes).toString('hex'));
        held.set(slot, Buffer.from(bytes).toString('hex'));
      }
    }));
  });

  test('keeps apart bytes with one hash, and stays quick when there are many of them', () => {
    const table = new InternTable(SLOTS, SLOT_BYTES);
    expect(look(table, colliding(1)).known).toBe(false);
    expect(look(table, colliding(2)).known).toBe(false);
    expect(look(table, colliding(1)).slot).not.toBe(look(table, colliding(2)).slot);
    const slots = new Set(Array.from({ length: 1_000 }, (_, index) => look(table, colliding(index)).slot));
    expect(slots.size).toBe(4);
  });

  test('does not keep what is longer than a slot', () => {
    const table = new InternTable(SLOTS, SLOT_BYTES);
    expect(look(table, new Uint8Array(SLOT_BYTES + 1))).toEqual({ slot: -1, known: false });
    expect(look(table, new Uint8Array(SLOT_BYTES))).toMatchObject({ known: false });
    expect(look(table, new Uint8Array(SLOT_BYTES))).toMatchObject({ known: true });
  });

  test('keeps what repeats while much passes by that comes once', () => {
    const table = new InternTable(SLOTS, SLOT_BYTES);
    const repeated = Uint8Array.of(1, 2, 3);
    look(table, repeated);
    let kept = 0;
    for (let index = 0; index < 1_000; index += 1) {
      look(table, Uint8Array.from(Buffer.from(`once-${index}`)));
      if (look(table, repeated).known) kept += 1;
    }
    expect(kept).toBeGreaterThan(990);
  });

  test('forgets everything when cleared', () => {
    const table = new InternTable(SLOTS, SLOT_BYTES);
    look(table, Uint8Array.of(1));
    table.clear();
    expect(look(table, Uint8Array.of(1)).known).toBe(false);
  });
});
