import type { Attributes, Span } from '../trace/span.js';
import { criticalPath, selfTimes } from './critical-path.js';
import { buildTraceTree, type TraceNode } from './trace-tree.js';

/** What one trace did at a place of the tree: so many spans of one service and name below the same parents. */
export interface PlaceInTrace {
  readonly spans: number;
  readonly errors: number;
  /** Of all of them together, nanoseconds. */
  readonly durationNs: number;
  /** How long the request waited for them and for nothing below them. */
  readonly waitedNs: number;
  /** One of them: the longest. */
  readonly spanId: string;
}

export interface ComparedPlace {
  readonly depth: number;
  readonly service: string;
  readonly name: string;
  /** Undefined where the trace never went there. */
  readonly left: PlaceInTrace | undefined;
  readonly right: PlaceInTrace | undefined;
}

export interface ComparedAttribute {
  readonly service: string;
  readonly key: string;
  readonly left: readonly string[];
  readonly right: readonly string[];
}

export interface TraceComparison {
  /** Parents before their children, in the order of the left trace; what only the right one has comes behind its siblings. */
  readonly places: readonly ComparedPlace[];
  readonly leftNs: number;
  readonly rightNs: number;
  /** Places by how much longer or shorter the request waited for them, most first. */
  readonly changes: readonly ComparedPlace[];
  /** Resource attributes of services that both have, and attributes of the root span, where the traces differ. */
  readonly attributes: readonly ComparedAttribute[];
}

/** Rows of a page. */
const MAX_PLACES = 2_000;
const MAX_ATTRIBUTES = 60;
const SHOWN_CHANGES = 3;
/** Attributes that are different in any two requests. */
const OWN_TO_EACH = /(?:^|\.)(?:id|pid|ip|address|port|time|timestamp|command_args)$|^(?:process|thread|telemetry)\./;

/** Two traces of one kind, place by place. */
export function compareTraces(left: readonly Span[], right: readonly Span[]): TraceComparison {
  const sides = [sideOf(left), sideOf(right)] as const;
  const places: ComparedPlace[] = [];
  mergeLevel({ left: sides[0].roots, right: sides[1].roots, depth: 0 }, { sides, places });
  const change = ({ left: one, right: other }: ComparedPlace): number => Math.abs((other?.waitedNs ?? 0) - (one?.waitedNs ?? 0));
  return {
    places, leftNs: sides[0].durationNs, rightNs: sides[1].durationNs,
    changes: [...places].sort((one, other) => change(other) - change(one)).slice(0, SHOWN_CHANGES).filter((place) => change(place) > 0),
    attributes: differentAttributes(left, right),
  };
}

interface Side {
  readonly roots: readonly TraceNode[];
  readonly waited: ReadonlyMap<TraceNode, number>;
  readonly durationNs: number;
}

function sideOf(spans: readonly Span[]): Side {
  const { roots } = buildTraceTree(spans);
  const startNs = roots.reduce((least, { span }) => (span.startNs < least ? span.startNs : least), roots[0]?.span.startNs ?? 0n);
  const durationNs = spans.reduce((most, span) => Math.max(most, Number(span.startNs - startNs) + span.durationNs), 0);
  const [root] = [...roots].sort((one, other) => Number(one.span.parentSpanId !== '') - Number(other.span.parentSpanId !== '') || other.span.durationNs - one.span.durationNs);
  return { roots, durationNs, waited: root === undefined ? new Map() : selfTimes(criticalPath(root)) };
}

interface Level {
  readonly left: readonly TraceNode[];
  readonly right: readonly TraceNode[];
  readonly depth: number;
}

interface Merge {
  readonly sides: readonly [Side, Side];
  readonly places: ComparedPlace[];
}

/** As deep as a tree is, which trace-tree.ts bounds. */
function mergeLevel({ left, right, depth }: Level, merge: Merge): void {
  const [ours, theirs] = [byPlace(left), byPlace(right)];
  for (const key of new Set([...ours.keys(), ...theirs.keys()])) {
    if (merge.places.length >= MAX_PLACES) return;
    const nodes = [ours.get(key) ?? [], theirs.get(key) ?? []] as const;
    const { serviceName, name } = (nodes[0][0] ?? nodes[1][0])!.span;
    merge.places.push({ depth, service: serviceName, name, left: placeIn(nodes[0], merge.sides[0]), right: placeIn(nodes[1], merge.sides[1]) });
    mergeLevel({ left: nodes[0].flatMap(({ children }) => children), right: nodes[1].flatMap(({ children }) => children), depth: depth + 1 }, merge);
  }
}

function byPlace(nodes: readonly TraceNode[]): ReadonlyMap<string, readonly TraceNode[]> {
  const places = new Map<string, TraceNode[]>();
  for (const node of nodes) {
    const key = JSON.stringify([node.span.serviceName, node.span.name, node.span.kind]);
    const place = places.get(key);
    if (place === undefined) places.set(key, [node]);
    else place.push(node);
  }
  return places;
}

function placeIn(nodes: readonly TraceNode[], { waited }: Side): PlaceInTrace | undefined {
  const [first, ...others] = nodes;
  if (first === undefined) return undefined;
  const longest = others.reduce((most, node) => (node.span.durationNs > most.span.durationNs ? node : most), first);
  return {
    spans: nodes.length, errors: nodes.filter(({ span }) => span.status === 'error').length, spanId: longest.span.spanId,
    durationNs: nodes.reduce((sum, { span }) => sum + span.durationNs, 0), waitedNs: nodes.reduce((sum, node) => sum + (waited.get(node) ?? 0), 0),
  };
}

function differentAttributes(left: readonly Span[], right: readonly Span[]): readonly ComparedAttribute[] {
  const sides = [left, right].map((spans) => ({ root: spans.find(({ parentSpanId }) => parentSpanId === ''), resources: resourcesOf(spans) }));
  const [one, other] = [sides[0]!, sides[1]!];
  const shared = [...one.resources.keys()].filter((service) => other.resources.has(service));
  const ofResources = shared.flatMap((service) => differences(service, one.resources.get(service)!, other.resources.get(service)!));
  const ofRoots = one.root === undefined || other.root === undefined ? [] : differences('', [one.root.attributes], [other.root.attributes]);
  return [...ofRoots, ...ofResources].slice(0, MAX_ATTRIBUTES);
}

function resourcesOf(spans: readonly Span[]): ReadonlyMap<string, readonly Attributes[]> {
  const resources = new Map<string, Set<Attributes>>();
  for (const { serviceName, resource } of spans) resources.set(serviceName, (resources.get(serviceName) ?? new Set()).add(resource));
  return new Map([...resources].map(([service, all]) => [service, [...all]]));
}

function differences(service: string, left: readonly Attributes[], right: readonly Attributes[]): readonly ComparedAttribute[] {
  const keys = [...new Set([...left, ...right].flatMap((attributes) => Object.keys(attributes)))].filter((key) => !OWN_TO_EACH.test(key)).sort();
  return keys.map((key) => ({ service, key, left: valuesOf(left, key), right: valuesOf(right, key) })).filter((each) => each.left.join('\u0000') !== each.right.join('\u0000'));
}

function valuesOf(all: readonly Attributes[], key: string): readonly string[] {
  const values = all.flatMap((attributes) => {
    const value = attributes[key];
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' ? [String(value)] : [];
  });
  return [...new Set(values)].sort();
}
