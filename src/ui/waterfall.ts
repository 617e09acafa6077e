import { adjustClocks, type ClockShift } from '../diagnosis/adjust-clocks.js';
import { criticalPath, type PathSegment } from '../diagnosis/critical-path.js';
import { buildTraceTree } from '../diagnosis/trace-tree.js';
import { formatLatency } from '../lib/format.js';
import { groupBy } from '../lib/group-by.js';
import type { StoredTrace, TraceLog } from '../query/trace-reader.js';
import type { Span } from '../trace/span.js';
import { byStart, waterfallTree, type WaterfallNode } from './waterfall-tree.js';

export const SERVICE_COLOURS = 10;
const MAX_INDENT = 16;
const MIN_BAR_PERCENT = 0.15;
const MAX_MARKS = 20;
const MAX_PATH_STRETCHES = 50;
/** Places of the critical path that the head of the page names. */
const SHOWN_PLACES = 3;
/** Of a row that is drawn as a root although its parent is stored. */
const LOOP = 'parents in a loop';

export interface WaterfallMark {
  /** Percent of the trace. */
  readonly x: number;
  readonly text: string;
  readonly style: 'event' | 'exception' | 'log' | 'log-error';
}

export interface WaterfallRow extends WaterfallNode {
  /** Depth as drawn: deep trees stop moving to the right. */
  readonly indent: number;
  readonly isError: boolean;
  /** Where a failure began: it failed, nothing below it did, and its caller failed too. */
  readonly began: boolean;
  readonly colour: number;
  /** Percent of the trace. */
  readonly left: number;
  readonly width: number;
  readonly duration: string;
  readonly label: { readonly x: number; readonly anchor: 'start' | 'end'; readonly nudge: number; readonly place: 'inside' | 'outside' };
  /** Share of the critical path that is in this very span. */
  readonly criticalShare: number;
  /** Its stretches, in percent of the trace; of many, the first. */
  readonly path: readonly (readonly [left: number, width: number])[];
  readonly marks: readonly WaterfallMark[];
  /** What else to say of it: how long its message waited, how far its clock was off, that it is its own ancestor. */
  readonly note: string;
}

export interface Waterfall {
  readonly rows: readonly WaterfallRow[];
  readonly root: Span | undefined;
  readonly startNs: bigint;
  readonly durationNs: number;
  readonly errorCount: number;
  readonly services: readonly { readonly name: string; readonly colour: number; readonly spans: number; readonly errors: number }[];
  readonly ticks: readonly { readonly x: number; readonly atNs: number }[];
  /** What the request waited for, most first; `share` of the root's duration. */
  readonly critical: readonly { readonly service: string; readonly name: string; readonly spanId: string; readonly ns: number; readonly share: number }[];
  /** Services whose spans are drawn at other times than they came with. */
  readonly shifts: readonly ClockShift[];
}

interface Frame {
  readonly startNs: bigint;
  readonly durationNs: number;
  readonly colours: ReadonlyMap<string, number>;
  readonly path: ReadonlyMap<string, readonly PathSegment[]>;
  readonly pathNs: number;
  readonly moved: ReadonlyMap<string, bigint>;
  readonly spans: ReadonlyMap<string, Span>;
  readonly logs: ReadonlyMap<string, readonly TraceLog[]>;
}

/** The span tree as rows with everything that is drawn in them. `asSent` leaves the clocks of the senders as they are. */
export function waterfall(trace: StoredTrace, { asSent = false } = {}): Waterfall {
  const { spans, shifts, moved } = asSent ? { spans: trace.spans, shifts: [], moved: new Map<string, bigint>() } : adjustClocks(trace.spans);
  const startNs = spans.reduce((least, span) => (span.startNs < least ? span.startNs : least), spans[0]?.startNs ?? 0n);
  const durationNs = spans.reduce((most, span) => Math.max(most, Number(span.startNs - startNs) + span.durationNs), 0);
  const services = servicesOf(spans);
  const segments = pathOf(spans);
  const frame: Frame = {
    startNs, durationNs, moved, pathNs: lengthNs(segments), colours: new Map(services.map((service) => [service.name, service.colour])), path: groupBy(segments, (segment) => segment.node.span.spanId),
    spans: new Map(spans.map((span) => [span.spanId, span])), logs: groupBy(trace.logs, (log) => log.spanId),
  };
  const tree = waterfallTree(spans);
  return {
    rows: tree.map((node) => rowOf(node, frame)), root: tree[0]?.span, startNs, durationNs, services, shifts,
    errorCount: spans.filter((span) => span.status === 'error').length,
    ticks: (durationNs > 0 ? [0, 25, 50, 75, 100] : [0]).map((x) => ({ x, atNs: (durationNs * x) / 100 })),
    critical: criticalPlaces(segments),
  };
}

/** Each member by name: of 10,000 rows that are spread from others, most of the page's time would go into spreading. */
function rowOf({ span, depth, hiddenCount, errorsInside, parentMissing, repeats }: WaterfallNode, frame: Frame): WaterfallRow {
  const isGroup = repeats.length > 0;
  const isError = !isGroup && span.status === 'error';
  const endNs = repeats.reduce((most, each) => Math.max(most, Number(each.startNs - span.startNs) + each.durationNs), isGroup ? 0 : span.durationNs);
  const { left, width, label } = barOf(Number(span.startNs - frame.startNs), endNs, frame.durationNs);
  const segments = isGroup ? NO_SEGMENTS : frame.path.get(span.spanId) ?? NO_SEGMENTS;
  return {
    span, depth, hiddenCount, errorsInside, parentMissing, repeats, left, width, label,
    indent: Math.min(depth, MAX_INDENT), isError, duration: formatLatency(endNs),
    began: isError && errorsInside === 0 && frame.spans.get(span.parentSpanId)?.status === 'error',
    colour: frame.colours.get(span.serviceName) ?? 0,
    criticalShare: shareOf(segments, frame.pathNs),
    path: segments.slice(0, MAX_PATH_STRETCHES).map((segment) => [percent(segment.startNs - frame.startNs, frame), percent(segment.endNs - segment.startNs, frame)] as const),
    marks: isGroup ? NO_MARKS : marksOf(span, frame),
    note: isGroup ? repeatsInWords(repeats) : [...(depth === 0 && span.parentSpanId !== '' && !parentMissing ? [LOOP] : []), ...notesOf(span, frame)].join(', '),
  };
}

const NO_SEGMENTS: readonly PathSegment[] = [];
const NO_MARKS: readonly WaterfallMark[] = [];

/** The path through the request itself: the root span, of several the longest. */
function pathOf(spans: readonly Span[]): readonly PathSegment[] {
  const { roots } = buildTraceTree(spans);
  const [root] = [...roots].sort((left, right) => Number(left.span.parentSpanId !== '') - Number(right.span.parentSpanId !== '') || right.span.durationNs - left.span.durationNs);
  return root === undefined ? [] : criticalPath(root);
}

function criticalPlaces(segments: readonly PathSegment[]): Waterfall['critical'] {
  const total = lengthNs(segments);
  const places = [...groupBy(segments, ({ node }) => JSON.stringify([node.span.serviceName, node.span.name])).values()].map((ofPlace) => {
    const span = ofPlace[0]!.node.span;
    const longest = ofPlace.reduce((most, each) => (each.endNs - each.startNs > most.endNs - most.startNs ? each : most));
    return { service: span.serviceName, name: span.name, spanId: longest.node.span.spanId, ns: lengthNs(ofPlace), share: shareOf(ofPlace, total) };
  });
  return places.sort((left, right) => right.ns - left.ns).slice(0, SHOWN_PLACES);
}

function lengthNs(segments: readonly PathSegment[]): number {
  return segments.reduce((sum, { startNs, endNs }) => sum + Number(endNs - startNs), 0);
}

function shareOf(segments: readonly PathSegment[], wholeNs: number): number {
  return wholeNs === 0 ? 0 : lengthNs(segments) / wholeNs;
}

function repeatsInWords(repeats: readonly Span[]): string {
  const sum = repeats.reduce((total, { durationNs }) => total + durationNs, 0);
  const failed = repeats.filter(({ status }) => status === 'error').length;
  return `${repeats.length} alike, ${formatLatency(sum)} together${failed === 0 ? '' : `, ${failed} failed`}`;
}

function notesOf(span: Span, { spans, moved }: Frame): readonly string[] {
  const notes: string[] = [];
  const parent = spans.get(span.parentSpanId);
  if (span.kind === 'consumer' && parent?.kind === 'producer') notes.push(`${formatLatency(lagNs(parent, span))} after it was published`);
  const shift = Number(moved.get(span.spanId) ?? 0n);
  if (shift !== 0 && parent?.serviceName !== span.serviceName) notes.push(`clock ${formatLatency(Math.abs(shift))} ${shift > 0 ? 'behind' : 'ahead'}`);
  return notes;
}

/** From the end of publishing to the start of consuming; 0 where the consumer was quicker than the producer's answer. */
export function lagNs(producer: Pick<Span, 'startNs' | 'durationNs'>, consumer: Pick<Span, 'startNs'>): number {
  return Math.max(0, Number(consumer.startNs - producer.startNs) - producer.durationNs);
}

function barOf(offsetNs: number, lengthNs: number, wholeNs: number): Pick<WaterfallRow, 'left' | 'width' | 'label'> {
  const whole = wholeNs || 1;
  const width = Math.max(MIN_BAR_PERCENT, round((100 * lengthNs) / whole));
  const left = Math.min(round((100 * offsetNs) / whole), 100 - width);
  return { left, width, label: labelBeside(left, left + width) };
}

/** Where a label of a tenth of the width finds room: behind the bar, before it, else in it. */
function labelBeside(left: number, right: number): WaterfallRow['label'] {
  if (right < 84) return { x: right, anchor: 'start', nudge: 5, place: 'outside' };
  return left > 16 ? { x: left, anchor: 'end', nudge: -5, place: 'outside' } : { x: left, anchor: 'start', nudge: 6, place: 'inside' };
}

const ERROR_SEVERITY = 17;

function marksOf(span: Span, frame: Frame): readonly WaterfallMark[] {
  const at = (timeNs: bigint): number => Math.min(100, Math.max(0, percent(timeNs - frame.startNs, frame)));
  const shift = frame.moved.get(span.spanId) ?? 0n;
  const events = span.events.slice(0, MAX_MARKS).map(({ timeNs, name }): WaterfallMark => ({ x: at(timeNs), text: name, style: name === 'exception' ? 'exception' : 'event' }));
  const logs = (frame.logs.get(span.spanId) ?? []).slice(0, MAX_MARKS).map((log): WaterfallMark => ({
    x: at(log.timeNs + shift), text: `${log.severity} ${log.body.slice(0, 200)}`.trim(), style: log.severityNumber >= ERROR_SEVERITY ? 'log-error' : 'log',
  }));
  return [...events, ...logs];
}

function servicesOf(spans: readonly Span[]): Waterfall['services'] {
  const byName = new Map<string, { spans: number; errors: number }>();
  for (const span of [...spans].sort(byStart)) {
    const service = byName.get(span.serviceName) ?? { spans: 0, errors: 0 };
    service.spans += 1;
    if (span.status === 'error') service.errors += 1;
    byName.set(span.serviceName, service);
  }
  return [...byName].map(([name, counts], index) => ({ name, colour: index % SERVICE_COLOURS, ...counts }));
}

function percent(ns: bigint, { durationNs }: Frame): number {
  return round((100 * Number(ns)) / (durationNs || 1));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
