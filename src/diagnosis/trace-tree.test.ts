import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildSpan, spanId, type SpanStory } from '../signature/span-builder.js';
import { criticalPath, selfTimes, type PathSegment } from './critical-path.js';
import { MAX_TREE_DEPTH, buildTraceTree, type TraceNode } from './trace-tree.js';

const names = (nodes: readonly TraceNode[]): string[] => nodes.map((node) => node.span.name);
const treeOf = (...stories: SpanStory[]): ReturnType<typeof buildTraceTree> => buildTraceTree(stories.map(buildSpan));

describe('the tree of a trace', () => {
  test('orders children by start and lists parents first', () => {
    const tree = treeOf({ id: 'b', parent: 'root', startMs: 2 }, { id: 'c', parent: 'a', startMs: 5 }, { id: 'root' }, { id: 'a', parent: 'root', startMs: 1 });
    expect(names(tree.preorder)).toEqual(['root', 'a', 'c', 'b']);
    expect(tree.bySpanId.get(spanId('c'))).toMatchObject({ depth: 2 });
    expect(tree.orphans).toBe(0);
  });

  test('makes orphans roots and counts them', () => {
    const tree = treeOf({ id: 'root' }, { id: 'lost', parent: 'nobody', startMs: 3 });
    expect(names(tree.roots)).toEqual(['root', 'lost']);
    expect(tree.orphans).toBe(1);
  });

  test('opens cycles at their earliest span and keeps the first of equal span ids', () => {
    const tree = treeOf({ id: 'a', parent: 'b', startMs: 2 }, { id: 'b', parent: 'a', startMs: 1 }, { id: 'self', parent: 'self' }, { id: 'a', parent: 'b', startMs: 9 });
    expect(names(tree.preorder)).toEqual(['self', 'b', 'a']);
  });

  test('reaches every span once, whatever parents the spans name, and no deeper than its limit', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(30), fc.nat(35)), { maxLength: 60 }), (links) => {
      const spans = links.map(([id, parent], index) => buildSpan({ id: `s${id}`, parent: `s${parent}`, startMs: index }));
      const tree = buildTraceTree(spans);
      expect(new Set(tree.preorder).size).toBe(tree.preorder.length);
      expect(tree.preorder.length).toBe(new Set(spans.map((span) => span.spanId)).size);
      for (const node of tree.preorder) expect(node.depth).toBe(node.parent === undefined ? 0 : node.parent.depth + 1);
    }));
    const deep = Array.from({ length: 10_000 }, (_, index) => buildSpan({ id: `s${index}`, parent: index === 0 ? undefined : `s${index - 1}`, startMs: index }));
    const tree = buildTraceTree(deep);
    expect(tree.preorder.length).toBe(10_000);
    expect(Math.max(...tree.preorder.map((node) => node.depth))).toBe(MAX_TREE_DEPTH);
  });
});

describe('the critical path', () => {
  const shape = (segments: readonly PathSegment[]): string[] =>
    segments.map(({ node, startNs, endNs }) => `${node.span.name} ${Number(startNs) / 1e6}-${Number(endNs) / 1e6}`);

  test('goes through the child that finished last, then through what came before it', () => {
    const tree = treeOf(
      { id: 'root', durationMs: 100 }, { id: 'early', parent: 'root', startMs: 10, durationMs: 20 },
      { id: 'parallel', parent: 'root', startMs: 40, durationMs: 20 }, { id: 'last', parent: 'root', startMs: 35, durationMs: 55 }, { id: 'inner', parent: 'last', startMs: 50, durationMs: 10 },
    );
    expect(shape(criticalPath(tree.roots[0]!))).toEqual([
      'root 0-10', 'early 10-30', 'root 30-35', 'last 35-50', 'inner 50-60', 'last 60-90', 'root 90-100',
    ]);
  });

  test('cuts children to their parent, and a consumer does not block its producer', () => {
    const tree = treeOf(
      { id: 'root', durationMs: 50 }, { id: 'over', parent: 'root', startMs: 40, durationMs: 100 }, { id: 'outside', parent: 'root', startMs: 90, durationMs: 5 },
      { id: 'publish', parent: 'root', kind: 'producer', startMs: 10, durationMs: 20 }, { id: 'consume', parent: 'publish', kind: 'consumer', startMs: 12, durationMs: 10 },
    );
    expect(shape(criticalPath(tree.roots[0]!))).toEqual(['root 0-10', 'publish 10-30', 'root 30-40', 'over 40-50']);
  });

  test('covers the whole request without a gap or an overlap', () => {
    const stories = fc.array(fc.record({ parent: fc.nat(10), start: fc.nat(100), length: fc.nat(60) }), { maxLength: 25 });
    fc.assert(fc.property(stories, (rows) => {
      const spans = rows.map(({ parent, start, length }, index) => buildSpan({ id: `n${index}`, parent: parent >= index ? 'root' : `n${parent}`, startMs: start, durationMs: length }));
      const root = buildTraceTree([buildSpan({ id: 'root', durationMs: 100 }), ...spans]).bySpanId.get(spanId('root'))!;
      const segments = criticalPath(root);
      let cursor = root.span.startNs;
      for (const segment of segments) {
        expect(segment.startNs).toBe(cursor);
        cursor = segment.endNs;
      }
      expect(cursor).toBe(root.endNs);
      expect([...selfTimes(segments).values()].reduce((sum, ns) => sum + ns, 0)).toBe(100e6);
    }));
  });
});
