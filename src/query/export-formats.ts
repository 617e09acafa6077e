import { jaegerTrace } from './jaeger-view.js';
import { resourceSpansJson } from './otlp-json.js';
import type { Span } from '../trace/span.js';
import { TRACE_SPAN_LIMIT, type WholeTrace } from './trace-reader.js';

export const EXPORT_FORMATS = ['otlp', 'jaeger'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** What a service hands out: one more, for `tocsin export`, which makes Parquet of it. */
export const SERVED_FORMATS = [...EXPORT_FORMATS, 'weighted'] as const;
export type ServedFormat = (typeof SERVED_FORMATS)[number];

/** OTLP knows nothing of Tocsin's own sampling: beside it, how many spans each one stands for, by span id, where it is not one. */
export interface WeightedOtlp {
  readonly resourceSpans: readonly unknown[];
  readonly weights: Readonly<Record<string, number>>;
}

export function weightedOtlp(spans: readonly Span[]): WeightedOtlp {
  return { resourceSpans: resourceSpansJson(spans, 'otlp'), weights: Object.fromEntries(spans.filter(({ weight }) => weight !== 1).map(({ spanId, weight }) => [spanId, weight])) };
}

/** OTLP/JSON, one export request a line, as the Collector's file exporter writes them. */
export function otlpLine({ spans }: WholeTrace): string {
  return `${JSON.stringify({ resourceSpans: resourceSpansJson(spans, 'otlp') })}\n`;
}

/** An export as text, trace by trace: of any number of traces it holds one. */
export function exportText(format: ServedFormat, traces: AsyncIterable<WholeTrace>): AsyncGenerator<string> {
  return TEXTS[format](traces);
}

const TEXTS = {
  otlp: linesOf(otlpLine),
  weighted: linesOf(({ spans }) => `${JSON.stringify(weightedOtlp(spans))}\n`),
  jaeger: jaegerText,
} satisfies Record<ServedFormat, (traces: AsyncIterable<WholeTrace>) => AsyncGenerator<string>>;

function linesOf(line: (trace: WholeTrace) => string): (traces: AsyncIterable<WholeTrace>) => AsyncGenerator<string> {
  return async function* (traces) {
    for await (const trace of traces) yield line(trace);
  };
}

/** The answer of Jaeger's API, which its UI uploads. The number of traces is known at the end. */
async function* jaegerText(traces: AsyncIterable<WholeTrace>): AsyncGenerator<string> {
  yield '{"data":[';
  let total = 0;
  for await (const { traceId, spans } of traces) {
    yield `${total === 0 ? '' : ','}${JSON.stringify(jaegerTrace(traceId, spans, spans.length >= TRACE_SPAN_LIMIT))}`;
    total += 1;
  }
  yield `],"total":${total},"limit":0,"offset":0,"errors":null}\n`;
}
