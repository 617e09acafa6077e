import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JoinTable } from './join-table.js';
import type { SpanNode } from './span-node.js';

const nodeOf = (joinKey: number | string, spanId: string): SpanNode => ({ joinKey, spanId }) as unknown as SpanNode;
/** As they are: a port and a sequence number, or a text. Few of them, so that they meet. */
const key = fc.oneof(fc.tuple(fc.constantFrom(1, 6_666, 65_535), fc.constantFrom(0, 1, 1_023, 4_294_967_295)).map(([port, sequence]) => port * 4_294_967_296 + sequence), fc.constantFrom('80^7#0', '80^7#99'), fc.nat(5_000));

test('it finds what a Map finds, whatever came and went', () => {
  fc.assert(fc.property(fc.array(fc.oneof(fc.record({ add: key }), fc.record({ remove: key })), { maxLength: 4_000, size: 'max' }), (steps) => {
    const table = new JoinTable();
    const map = new Map<number | string, SpanNode>();
    steps.forEach((step, index) => {
      if ('add' in step) {
        const node = nodeOf(step.add, String(index));
        table.add(node);
        map.set(step.add, node);
      } else {
        table.delete(step.remove);
        map.delete(step.remove);
      }
    });
    expect(table.size).toBe(map.size);
    for (const [of, node] of map) expect(table.get(of)).toBe(node);
    expect(new Set(table.all())).toEqual(new Set(map.values()));
    const kept = [...map.values()].slice(0, 3);
    table.reset(kept);
    expect([...map.values()].filter((node) => table.get(node.joinKey!) === node)).toEqual(kept);
  }), { numRuns: 60 });
});
