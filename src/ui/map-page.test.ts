import { expect, test } from 'vitest';
import type { MapEdge, ServiceMap } from '../query/service-map.js';
import { mapView } from './map-page.js';

const edge = (client: string, server: string, changes: Partial<MapEdge> = {}): MapEdge => ({ client, server, kind: 'call', calls: 100, failed: 0, perSecond: 0.5617, errorRatio: 0, p50Ns: 1e6, p95Ns: 72.7e6, isFailing: false, ...changes });
const mapOf = (edges: readonly MapEdge[]): ServiceMap => ({
  edges, leftOut: 0, nodes: [...new Set(edges.flatMap(({ client, server }) => [client, server]))].map((name) => ({ name, kind: 'service', perSecond: 1, errorRatio: 0, p95Ns: 1e6, isFailing: false, isKnown: true })),
});

interface Box { readonly x: number; readonly y: number; readonly width: number; readonly height: number }
interface View { readonly nodeWidth: number; readonly nodeHeight: number; readonly nodes: readonly { readonly x: number; readonly y: number }[]; readonly lines: readonly { readonly label: readonly string[]; readonly box?: Box }[] }

const viewOf = (edges: readonly MapEdge[]): View => mapView(mapOf(edges), '1h') as unknown as View;

function overlap(left: Box, right: Box): boolean {
  return left.x < right.x + right.width && right.x < left.x + left.width && left.y < right.y + right.height && right.y < left.y + left.height;
}

const SHOP = [
  edge('front', 'checkout', { errorRatio: 0.1062, isFailing: true }), edge('checkout', 'payment', { errorRatio: 0.1465, isFailing: true }), edge('catalogue', 'redis :6379'), edge('front', 'catalogue'),
  edge('checkout', 'catalogue'), edge('checkout', 'redis :6379'), edge('payment', 'redis :6379'),
];

test('a label says rate, duration and failures in short lines, on a ground of its own', () => {
  const [failing, , quiet] = viewOf(SHOP).lines;
  expect(failing).toMatchObject({ label: ['0.56/s · p95 73 ms', '10.6 % fail'], box: { height: 28 } });
  expect(quiet).toMatchObject({ label: ['0.56/s · p95 73 ms'], box: { height: 16 } });
});

test('labels cover neither boxes nor each other', () => {
  const { nodes, nodeWidth, nodeHeight, lines } = viewOf(SHOP);
  const labels = lines.flatMap(({ box }) => box ?? []);
  expect(labels.length).toBeGreaterThan(4);
  for (const [index, label] of labels.entries()) {
    for (const { x, y } of nodes) expect(overlap(label, { x, y, width: nodeWidth, height: nodeHeight })).toBe(false);
    for (const other of labels.slice(index + 1)) expect(overlap(label, other)).toBe(false);
  }
});
