import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { printSearch } from '../trace/traceql/print.js';
import { ApiError } from './api-error.js';
import { weightedOtlp } from './export-formats.js';
import { READERS, type Readers } from './readers.js';
import { jaegerAnswer, jaegerTrace } from './jaeger-view.js';
import { resourceSpansJson } from './otlp-json.js';
import { isOn, readInput, readTraceId, traceFormatInput, traceSearchInput, traceSearchOf, windowOf } from './request-input.js';
import { plain, summaryJson, traceJson } from './trace-view.js';

@Controller('/api/v1/traces')
export class TracesController {
  readonly #readers: Readers;

  constructor(@Inject(READERS) readers: Readers) {
    this.#readers = readers;
  }

  @Get()
  async search(@Query() query: unknown): Promise<unknown> {
    const input = readInput(traceSearchInput, query);
    const window = windowOf(input, this.#readers.clock.nowMs());
    const search = traceSearchOf(input, window, this.#readers.users);
    if (isOn(input.explain)) return { query: printSearch(search.search), ...(await this.#readers.traces.explainSearch(search)) };
    const traces = await this.#readers.traces.findTraces(search);
    return plain({ from: new Date(window.fromMs).toISOString(), to: new Date(window.toMs).toISOString(), traces: traces.map(summaryJson) });
  }

  @Get(':traceId')
  async one(@Param('traceId') traceId: string, @Query() query: unknown): Promise<unknown> {
    const { format } = readInput(traceFormatInput, query);
    const trace = await this.#readers.traces.traceById(readTraceId(traceId));
    if (trace === undefined) throw new ApiError('trace/not-found', `trace ${traceId} is not stored`, { hint: 'It may have left the store, or never arrived.' });
    if (format === 'otlp') return { resourceSpans: resourceSpansJson(trace.spans, 'otlp') };
    if (format === 'weighted') return weightedOtlp(trace.spans);
    if (format === 'jaeger') return jaegerAnswer([jaegerTrace(trace.traceId, trace.spans, trace.truncated)]);
    return traceJson(trace);
  }
}
