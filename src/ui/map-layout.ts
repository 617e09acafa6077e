/** Boxes in CSS pixels. */
export const NODE_WIDTH = 196;
export const NODE_HEIGHT = 46;
/** As wide as what stands on an edge: rate, errors, duration. */
const LAYER_GAP = 132;
const NODE_GAP = 22;
const MARGIN = 14;
const SWEEPS = 6;
/** Boxes beside each other of services without calls, where the calls take less room. */
const ALONE_COLUMNS = 5;

export interface LaidNode {
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

export interface LaidEdge {
  readonly from: string;
  readonly to: string;
  readonly path: string;
  /** The middle of its label. */
  readonly labelX: number;
  readonly labelY: number;
}

export interface MapLayout {
  readonly width: number;
  readonly height: number;
  readonly nodes: ReadonlyMap<string, LaidNode>;
  readonly edges: readonly LaidEdge[];
}

type Edge = readonly [from: string, to: string];

/** Services that call each other, and below them in rows those that call nobody and are called by nobody: beside them they would push the calls off the screen. */
export function layOutMap(names: readonly string[], edges: readonly Edge[]): MapLayout {
  const connected = new Set(edges.flat());
  const calls = layOutCalls(names.filter((name) => connected.has(name)), edges);
  const alone = names.filter((name) => !connected.has(name)).sort();
  if (alone.length === 0) return calls;
  const columns = Math.min(alone.length, Math.max(ALONE_COLUMNS, Math.floor((calls.width - MARGIN) / (NODE_WIDTH + NODE_GAP))));
  const top = connected.size === 0 ? MARGIN : calls.height + NODE_GAP;
  const placed = alone.map((name, index): LaidNode => ({ name, x: MARGIN + (index % columns) * (NODE_WIDTH + NODE_GAP), y: top + Math.floor(index / columns) * (NODE_HEIGHT + NODE_GAP) }));
  return {
    width: Math.max(calls.width, 2 * MARGIN + columns * (NODE_WIDTH + NODE_GAP) - NODE_GAP), height: (placed.at(-1)?.y ?? top) + NODE_HEIGHT + MARGIN,
    nodes: new Map([...calls.nodes, ...placed.map((node) => [node.name, node] as const)]), edges: calls.edges,
  };
}

/** Callers to the left of what they call (longest path, calls back left alone), boxes of a layer ordered by the middle of their neighbours (Sugiyama). */
function layOutCalls(names: readonly string[], edges: readonly Edge[]): MapLayout {
  const ordered = [...names].sort();
  const forward = withoutCycles(ordered, edges);
  const layers = layersOf(ordered, forward);
  const chains = routed(layers, forward);
  orderLayers(layers, [...chains.values()].flatMap((chain) => chain.slice(1).map((name, index) => [chain[index]!, name] as const)));
  const tallest = Math.max(0, ...layers.map(({ length }) => length));
  const height = 2 * MARGIN + tallest * (NODE_HEIGHT + NODE_GAP) - NODE_GAP;
  const nodes = new Map<string, LaidNode>();
  layers.forEach((layer, index) => {
    const top = (height - (layer.length * (NODE_HEIGHT + NODE_GAP) - NODE_GAP)) / 2;
    layer.forEach((name, place) => nodes.set(name, { name, x: MARGIN + index * (NODE_WIDTH + LAYER_GAP), y: Math.round(top + place * (NODE_HEIGHT + NODE_GAP)) }));
  });
  const drawn = edges.flatMap(([from, to]): LaidEdge[] => {
    const chain = (chains.get(keyOf([from, to])) ?? [from, to]).map((name) => nodes.get(name)!);
    return [edgeThrough(chain)];
  });
  for (const name of nodes.keys()) if (name.startsWith(WAYPOINT)) nodes.delete(name);
  return { width: 2 * MARGIN + Math.max(1, layers.length) * (NODE_WIDTH + LAYER_GAP) - LAYER_GAP, height: Math.max(height, NODE_HEIGHT + 2 * MARGIN), nodes, edges: drawn };
}

/** An edge over several layers has a place of its own in each between, so that it goes round the boxes there. */
const WAYPOINT = '\u0000';

function routed(layers: string[][], edges: readonly Edge[]): ReadonlyMap<string, readonly string[]> {
  const layerOf = new Map(layers.flatMap((layer, index) => layer.map((name) => [name, index] as const)));
  return new Map(edges.map(([from, to]) => {
    const [first, last] = [layerOf.get(from) ?? 0, layerOf.get(to) ?? 0];
    const between = Array.from({ length: Math.max(0, last - first - 1) }, (_, index) => {
      const waypoint = `${WAYPOINT}${keyOf([from, to])}/${index}`;
      const layer = layers[first + 1 + index]!;
      if (!layer.includes(waypoint)) layer.push(waypoint);
      return waypoint;
    });
    return [keyOf([from, to]), [from, ...between, to]];
  }));
}

function keyOf(edge: Edge): string {
  return JSON.stringify(edge);
}

/** Depth first, names in order, so that the same graph is always drawn the same way. */
function withoutCycles(names: readonly string[], edges: readonly Edge[]): readonly Edge[] {
  const below = neighbours(edges);
  const state = new Map<string, 'open' | 'done'>();
  const kept: Edge[] = [];
  const visit = (name: string): void => {
    state.set(name, 'open');
    for (const next of below.get(name) ?? []) {
      if (state.get(next) === 'open') continue;
      kept.push([name, next]);
      if (state.get(next) === undefined) visit(next);
    }
    state.set(name, 'done');
  };
  const called = new Set(edges.map(([, to]) => to));
  for (const name of [...names.filter((each) => !called.has(each)), ...names]) if (state.get(name) === undefined) visit(name);
  return kept;
}

function neighbours(edges: readonly Edge[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const [from, to] of edges) if (from !== to) found.set(from, [...(found.get(from) ?? []), to]);
  return found;
}

function layersOf(names: readonly string[], edges: readonly Edge[]): string[][] {
  const above = neighbours(edges.map(([from, to]) => [to, from] as const));
  const depths = new Map<string, number>();
  const depthOf = (name: string): number => {
    const known = depths.get(name);
    if (known !== undefined) return known;
    const depth = Math.max(-1, ...(above.get(name) ?? []).map(depthOf)) + 1;
    depths.set(name, depth);
    return depth;
  };
  const layers: string[][] = [];
  for (const name of names) (layers[depthOf(name)] ??= []).push(name);
  return layers;
}

function orderLayers(layers: string[][], edges: readonly Edge[]): void {
  const [below, above] = [neighbours(edges), neighbours(edges.map(([from, to]) => [to, from] as const))];
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const places = new Map(layers.flatMap((layer) => layer.map((name, place) => [name, place - layer.length / 2] as const)));
    const toward = sweep % 2 === 0 ? above : below;
    const middle = (name: string): number => {
      const near = (toward.get(name) ?? []).flatMap((other) => places.get(other) ?? []);
      return near.length === 0 ? places.get(name) ?? 0 : near.reduce((sum, place) => sum + place, 0) / near.length;
    };
    for (const layer of layers) layer.sort((left, right) => middle(left) - middle(right));
  }
}

/** To the right it swings; back to the left, or to itself, it goes round below. */
function edgeThrough(chain: readonly LaidNode[]): LaidEdge {
  const [source, target] = [chain[0]!, chain.at(-1)!];
  if (target.x > source.x) {
    const stretches = chain.slice(1).map((next, index) => swing(chain[index]!, next, next === target ? 3 : 0));
    const path = stretches.map((stretch, index) => (index === 0 ? stretch : `H${chain[index]!.x + NODE_WIDTH}${stretch.slice(stretch.indexOf('C'))}`)).join('');
    const after = chain[1]!;
    return { from: source.name, to: target.name, path, labelX: (source.x + NODE_WIDTH + after.x) / 2, labelY: (source.y + after.y + NODE_HEIGHT) / 2 };
  }
  const [fromX, fromY, toX, toY] = [source.x + NODE_WIDTH * 0.6, source.y + NODE_HEIGHT, target.x + NODE_WIDTH * 0.4, target.y + NODE_HEIGHT];
  const low = Math.max(fromY, toY) + NODE_GAP;
  return { from: source.name, to: target.name, path: `M${fromX} ${fromY}C${fromX} ${low} ${toX} ${low} ${toX} ${toY + 3}`, labelX: (fromX + toX) / 2, labelY: low - 3 };
}

/** From the right side of one box to the left side of the next, `short` of it by the length of an arrow. */
function swing(from: LaidNode, to: LaidNode, short: number): string {
  const [x1, y1, x2, y2] = [from.x + NODE_WIDTH, from.y + NODE_HEIGHT / 2, to.x, to.y + NODE_HEIGHT / 2];
  const bend = Math.min(80, (x2 - x1) / 2);
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2 - short} ${y2}`;
}
