import fc from 'fast-check';
import { expect, test } from 'vitest';
import { layOutMap, NODE_HEIGHT, NODE_WIDTH } from './map-layout.js';

const xOf = (names: readonly string[], edges: readonly (readonly [string, string])[]): Record<string, number> => Object.fromEntries([...layOutMap(names, edges).nodes].map(([name, { x }]) => [name, x]));

test('callers stand left of what they call, behind the longest chain', () => {
  const x = xOf(['front', 'checkout', 'payment', 'bank'], [['front', 'checkout'], ['checkout', 'payment'], ['front', 'payment'], ['payment', 'bank']]);
  expect(x['front']).toBeLessThan(x['checkout']!);
  expect(x['checkout']).toBeLessThan(x['payment']!);
  expect(x['payment']).toBeLessThan(x['bank']!);
});

test('a call back is drawn without turning the map round', () => {
  const edges = [['front', 'checkout'], ['checkout', 'front']] as const;
  const { nodes, edges: drawn } = layOutMap(['front', 'checkout', 'user'], [...edges, ['user', 'front']]);
  expect(nodes.get('front')!.x).toBeLessThan(nodes.get('checkout')!.x);
  expect(drawn).toHaveLength(3);
});

test('services without calls stand in rows below those with calls, however many there are', () => {
  const alone = Array.from({ length: 50 }, (_, index) => `alone ${String(index)}`);
  const { nodes, height } = layOutMap([...alone, 'web', 'stock'], [['web', 'stock']]);
  const calls = Math.max(nodes.get('web')!.y, nodes.get('stock')!.y);
  expect(alone.every((name) => nodes.get(name)!.y >= calls + NODE_HEIGHT)).toBe(true);
  expect(height).toBeLessThan(1_000);
});

test('nothing is one empty picture', () => {
  expect(layOutMap([], [])).toMatchObject({ edges: [] });
});

test('whatever calls what, every box has a place of its own within the picture, the same each time', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g');
  fc.assert(fc.property(fc.array(fc.tuple(name, name), { maxLength: 20 }), (edges) => {
    const names = [...new Set([...edges.flat(), 'a', 'b'])];
    const layout = layOutMap(names, edges);
    expect(layout).toEqual(layOutMap([...names].reverse(), edges));
    expect(layout.edges).toHaveLength(edges.length);
    const boxes = [...layout.nodes.values()];
    expect(boxes).toHaveLength(names.length);
    for (const box of boxes) {
      expect(box.x >= 0 && box.y >= 0 && box.x + NODE_WIDTH <= layout.width && box.y + NODE_HEIGHT <= layout.height).toBe(true);
      for (const other of boxes) if (other !== box) expect(Math.abs(other.x - box.x) >= NODE_WIDTH || Math.abs(other.y - box.y) >= NODE_HEIGHT).toBe(true);
    }
  }));
});
