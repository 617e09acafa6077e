import { formatLatency, formatPercent } from '../lib/format.js';
import type { MapEdge, MapNode, ServiceMap } from '../query/service-map.js';
import { quote } from '../trace/traceql/string-literal.js';
import { layOutMap, NODE_HEIGHT, NODE_WIDTH } from './map-layout.js';
import { formatRate } from './words.js';

const NAME_LENGTH = 22;
/** With more edges only the failing ones are labelled. */
const LABELLED = 40;

export function mapView(map: ServiceMap, range: string): Record<string, unknown> {
  const layout = layOutMap(map.nodes.map(({ name }) => name), map.edges.map(({ client, server }) => [client, server]));
  return {
    width: layout.width, height: layout.height, nodeWidth: NODE_WIDTH, nodeHeight: NODE_HEIGHT, leftOut: map.leftOut,
    nodes: map.nodes.map((node) => ({ ...node, ...layout.nodes.get(node.name), short: shortened(node.name), words: nodeInWords(node), href: node.isKnown ? `/services/${encodeURIComponent(node.name)}?range=${range}` : undefined })),
    lines: withoutCollisions(map.edges.map((edge, index) => ({
      ...layout.edges[index]!, isFailing: edge.isFailing, width: lineWidth(edge), words: edgeInWords(edge),
      label: edge.isFailing || map.edges.length <= LABELLED ? labelOf(edge) : [],
    }))),
    edges: map.edges.map((edge) => ({ ...edge, query: queryOf(edge, false), failedQuery: edge.failed > 0 ? queryOf(edge, true) : undefined })),
    failing: map.edges.filter(({ isFailing }) => isFailing).length,
  };
}

function shortened(name: string): string {
  return name.length > NAME_LENGTH ? `${name.slice(0, NAME_LENGTH - 1)}…` : name;
}

function nodeInWords({ kind, perSecond, errorRatio, p95Ns }: MapNode): string {
  if (perSecond === undefined) return kind === 'service' ? 'calls only' : kind;
  const parts = [formatRate(perSecond), ...(errorRatio === undefined || errorRatio === 0 ? [] : [formatPercent(errorRatio, 1)]), ...(p95Ns === undefined ? [] : [`p95 ${formatLatency(p95Ns)}`])];
  return parts.join(' · ');
}

/** One or two lines, short enough to stand between two columns of boxes; the table has all digits. */
function labelOf({ perSecond, errorRatio, p95Ns }: MapEdge): readonly string[] {
  const duration = p95Ns === undefined ? '' : ` · p95 ${formatLatency(twoDigits(p95Ns))}`;
  return [`${formatRate(twoDigits(perSecond))}${duration}`, ...(errorRatio === 0 ? [] : [`${formatPercent(errorRatio, 1)} fail`])];
}

function twoDigits(value: number): number {
  return Number(value.toPrecision(2));
}

/** Of a character of 11 CSS pixels; bold ones are wider. */
const CHARACTER_WIDTH = 5.8;
const BOLD_CHARACTER_WIDTH = 6.3;
const LABEL_LINE = 12;
const LABEL_PADDING = 4;

interface LabelledLine {
  readonly labelX: number;
  readonly labelY: number;
  readonly label: readonly string[];
  readonly isFailing: boolean;
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What a label covers: the edge goes behind it, not through its letters. */
function boxOf({ labelX, labelY, label, isFailing }: LabelledLine): Box {
  const characters = Math.max(...label.map(({ length }) => length));
  const width = Math.round(characters * (isFailing ? BOLD_CHARACTER_WIDTH : CHARACTER_WIDTH)) + 2 * LABEL_PADDING;
  const height = label.length * LABEL_LINE + LABEL_PADDING;
  return { x: Math.round(labelX - width / 2), y: Math.round(labelY - height / 2), width, height };
}

/** A label that would cover one before it is left out: tooltip and table say the same. Failing and busy edges come first. */
function withoutCollisions<Line extends LabelledLine>(lines: readonly Line[]): readonly (Line & { readonly box?: Box })[] {
  const placed: Box[] = [];
  return lines.map((line) => {
    if (line.label.length === 0) return line;
    const box = boxOf(line);
    if (placed.some((other) => overlap(box, other))) return { ...line, label: [] };
    placed.push(box);
    return { ...line, box };
  });
}

function overlap(left: Box, right: Box): boolean {
  return left.x < right.x + right.width && right.x < left.x + left.width && left.y < right.y + right.height && right.y < left.y + left.height;
}

function edgeInWords({ client, server, kind, perSecond, errorRatio, p50Ns, p95Ns }: MapEdge): string {
  const times = p50Ns === undefined || p95Ns === undefined ? '' : `, p50 ${formatLatency(p50Ns)}, p95 ${formatLatency(p95Ns)}`;
  return `${client} → ${server} (${kind}): ${formatRate(perSecond)}, ${formatPercent(errorRatio, 2)} failed${times}`;
}

function lineWidth({ perSecond }: MapEdge): number {
  return Math.round(Math.min(6, 1.2 + 1.4 * Math.log10(1 + perSecond)) * 10) / 10;
}

/** TraceQL that finds traces with such a call; where the other side sends no spans, the client's. */
function queryOf({ client, server, kind }: MapEdge, failed: boolean): string {
  const error = failed ? ' && status = error' : '';
  const caller = `resource.service.name = ${quote(client)}`;
  if (kind === 'database' || kind === 'external') return `{ ${caller} && kind = client${error} }`;
  // A call has failed where either side says so; the caller's side is the one that a user sees.
  const sides = failed ? `{ ${caller} && status = error }` : `{ ${caller} }`;
  return `${sides} > { resource.service.name = ${quote(server)} }`;
}
