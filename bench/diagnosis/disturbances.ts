import { randomOf } from '../../src/budget/random-source.js';
import type { LogLine, Traffic } from '../../src/diagnosis/culprit/traffic.js';
import type { Span } from '../../src/trace/span.js';

/** What was recorded before and during a fault. */
export interface Recording {
  readonly baseline: Traffic;
  readonly incident: Traffic;
}

/** A recording that differs from the first one in what ought to matter little. */
export interface Disturbance {
  readonly label: string;
  /** So many different ones are tried. */
  readonly draws: number;
  /** `culprit` is never what is taken away. */
  readonly disturb: (recording: Recording, draw: number, culprit: string) => Recording;
}

const DRAWS = 2;
const MAX_SKEW_MS = 20;
/** OTLP: ERROR and above. */
const ERROR_SEVERITY = 17;

/** Half of the traces left out, windows cut, parts not recorded, clocks that differ: an answer should survive them. */
export const DISTURBANCES: readonly Disturbance[] = [
  { label: '20 % of traces left out', draws: DRAWS, disturb: (recording, draw) => eachSide(recording, (side, name) => keepTraces(side, 0.8, `${name}${draw}`)) },
  { label: '50 % of traces left out', draws: DRAWS, disturb: (recording, draw) => eachSide(recording, (side, name) => keepTraces(side, 0.5, `${name}${draw}`)) },
  { label: '75 % of traces left out', draws: DRAWS, disturb: (recording, draw) => eachSide(recording, (side, name) => keepTraces(side, 0.25, `${name}${draw}`)) },
  { label: '50 % of the baseline\'s traces left out', draws: DRAWS, disturb: ({ baseline, incident }, draw) => ({ baseline: keepTraces(baseline, 0.5, `baseline${draw}`), incident }) },
  { label: '20 % of lines of log left out', draws: DRAWS, disturb: (recording, draw) => eachSide(recording, (side) => keepLines(side, 0.8, draw)) },
  { label: '50 % of lines of log left out', draws: DRAWS, disturb: (recording, draw) => eachSide(recording, (side) => keepLines(side, 0.5, draw)) },
  { label: '2 % of spans lost', draws: DRAWS, disturb: (recording, draw) => eachSide(recording, ({ spans, logs }) => ({ spans: spans.filter(({ spanId, traceId }) => chanceOf(`${draw}${traceId}${spanId}`) < 0.98), logs })) },
  ...[30, 60].map((seconds): Disturbance => ({ label: `the incident's first ${seconds} s cut off`, draws: 1, disturb: ({ baseline, incident }) => ({ baseline, incident: cut(incident, seconds, 0) }) })),
  ...[30, 60].map((seconds): Disturbance => ({ label: `the incident's last ${seconds} s cut off`, draws: 1, disturb: ({ baseline, incident }) => ({ baseline, incident: cut(incident, 0, seconds) }) })),
  { label: 'the first or the second half of the baseline', draws: 2, disturb: ({ baseline, incident }, draw) => ({ baseline: halfInTime(baseline, draw), incident }) },
  { label: 'one service in five records nothing', draws: DRAWS, disturb: (recording, draw, culprit) => eachSide(recording, (side) => without(side, (service) => service !== culprit && chanceOf(`${draw}${service}`) < 0.2)) },
  { label: `clocks of services differ by up to ${MAX_SKEW_MS} ms`, draws: DRAWS, disturb: (recording, draw) => eachSide(recording, (side) => skewed(side, draw)) },
  { label: 'half of the traces have lines of log, but no spans', draws: DRAWS, disturb: (recording, draw) => eachSide(recording, (side, name) => ({ ...side, spans: keepTraces(side, 0.5, `${name}${draw}`).spans })) },
  { label: 'the culprit logs nothing', draws: 1, disturb: (recording, _draw, culprit) => eachSide(recording, ({ spans, logs }) => ({ spans, logs: logs.filter(({ serviceName }) => serviceName !== culprit) })) },
  { label: 'stack traces under lines that tell of errors', draws: 1, disturb: (recording) => eachSide(recording, ({ spans, logs }) => ({ spans, logs: logs.map((line) => ({ ...line, body: withStack(line) })) })) },
  { label: 'no resource has attributes', draws: 1, disturb: (recording) => eachSide(recording, ({ spans, logs }) => ({ spans: spans.map((span): Span => ({ ...span, resource: {} })), logs })) },
  { label: 'in another order, services with other names', draws: 1, disturb: (recording) => eachSide(recording, (side) => renamed(shuffled(side))) },
];

/** The name that the last disturbance gives to a service: no word of it is left, and their order is another. */
export function renamedService(service: string): string {
  return `s${Math.floor(chanceOf(service) * 2 ** 32).toString(36)}`;
}

function eachSide({ baseline, incident }: Recording, change: (side: Traffic, name: keyof Recording) => Traffic): Recording {
  return { baseline: change(baseline, 'baseline'), incident: change(incident, 'incident') };
}

function keepTraces({ spans, logs }: Traffic, share: number, seed: string): Traffic {
  const isKept = ({ traceId }: Pick<LogLine, 'traceId'>): boolean => traceId === '' || chanceOf(`${seed}${traceId}`) < share;
  return { spans: spans.filter(isKept), logs: logs.filter(isKept) };
}

function keepLines({ spans, logs }: Traffic, share: number, seed: number): Traffic {
  return { spans, logs: logs.filter(({ timeNs, spanId, body }) => chanceOf(`${seed}${timeNs}${spanId}${body}`) < share) };
}

function without({ spans, logs }: Traffic, isLost: (service: string) => boolean): Traffic {
  return { spans: spans.filter(({ serviceName }) => !isLost(serviceName)), logs: logs.filter(({ serviceName }) => !isLost(serviceName)) };
}

/** Traces by their first span; lines by their own time. */
export function within({ spans, logs }: Traffic, fromNs: bigint, toNs: bigint): Traffic {
  const begins = new Map<string, bigint>();
  for (const { traceId, startNs } of spans) if (startNs < (begins.get(traceId) ?? startNs + 1n)) begins.set(traceId, startNs);
  const isIn = (timeNs: bigint): boolean => timeNs >= fromNs && timeNs < toNs;
  return { spans: spans.filter(({ traceId }) => isIn(begins.get(traceId)!)), logs: logs.filter(({ traceId, timeNs }) => isIn(begins.get(traceId) ?? timeNs)) };
}

function periodOf({ spans }: Traffic): readonly [bigint, bigint] {
  let [firstNs, lastNs] = [spans[0]!.startNs, spans[0]!.startNs];
  for (const { startNs } of spans) {
    if (startNs < firstNs) firstNs = startNs;
    if (startNs > lastNs) lastNs = startNs;
  }
  return [firstNs, lastNs + 1n];
}

function cut(side: Traffic, first: number, last: number): Traffic {
  const [fromNs, toNs] = periodOf(side);
  return within(side, fromNs + BigInt(first * 1e9), toNs - BigInt(last * 1e9));
}

function halfInTime(side: Traffic, half: number): Traffic {
  const [fromNs, toNs] = periodOf(side);
  const middleNs = (fromNs + toNs) / 2n;
  return half === 0 ? within(side, fromNs, middleNs) : within(side, middleNs, toNs);
}

function skewed({ spans, logs }: Traffic, draw: number): Traffic {
  const skewNs = (service: string): bigint => BigInt(Math.round((chanceOf(`${draw}${service}`) * 2 - 1) * MAX_SKEW_MS * 1e6));
  return {
    spans: spans.map((span): Span => ({ ...span, startNs: span.startNs + skewNs(span.serviceName) })),
    logs: logs.map((line) => ({ ...line, timeNs: line.timeNs + skewNs(line.serviceName) })),
  };
}

/** Frames differ from line to line, as they do where threads, proxies and lambdas are in them. */
function withStack({ body, severityNumber, spanId }: LogLine): string {
  if (severityNumber < ERROR_SEVERITY && !/error|exception/i.test(body)) return body;
  const frames = Array.from({ length: 12 }, (_, index) => `\tat org.example.Layer${index}$$Lambda$${Math.floor(chanceOf(`${index}${spanId}`) * 1_000)}.run(Layer${index}.java:${100 + index})`);
  return `${body}\njava.lang.IllegalStateException: it went wrong\n${frames.join('\n')}`;
}

function shuffled({ spans, logs }: Traffic): Traffic {
  return { spans: inOtherOrder(spans), logs: inOtherOrder(logs) };
}

function inOtherOrder<T>(items: readonly T[]): readonly T[] {
  const random = randomOf(items.length);
  return items.map((item) => ({ item, at: random.next() })).sort((left, right) => left.at - right.at).map(({ item }) => item);
}

function renamed({ spans, logs }: Traffic): Traffic {
  return {
    spans: spans.map((span): Span => ({ ...span, serviceName: renamedService(span.serviceName) })),
    logs: logs.map((line) => ({ ...line, serviceName: renamedService(line.serviceName) })),
  };
}

/** In [0, 1), the same for the same text (FNV-1a, mixed). */
function chanceOf(text: string): number {
  let hash = 2_166_136_261;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 16_777_619);
  return randomOf(hash).next();
}
