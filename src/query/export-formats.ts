import { jaegerTrace } from './jaeger-view.js';
import { resourceSpansJson } from './otlp-json.js';
import { TRACE_SPAN_LIMIT, type WholeTrace } from './trace-reader.js';

export const EXPORT_FORMATS = ['otlp', 'jaeger'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** OTLP/JSON, one export request a line, as the Collector's file exporter writes them. */
export function otlpLine({ spans }: WholeTrace): string {
  return `${JSON.stringify({ resourceSpans: resourceSpansJson(spans, 'otlp') })}\n`;
}

/** An export as text, trace by trace: of any number of traces it holds one. */
export async function* exportText(format: ExportFormat, traces: AsyncIterable<WholeTrace>): AsyncGenerator<string> {
  if (format === 'otlp') for await (const trace of traces) yield otlpLine(trace);
  else yield* jaegerText(traces);
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
