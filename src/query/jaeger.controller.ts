import { Controller, Get, Inject, Param, Query, UseFilters } from '@nestjs/common';
import { DAY_MS } from '../lib/duration.js';
import type { TraceId } from '../lib/ids.js';
import { ApiError } from './api-error.js';
import { dependenciesInput, jaegerSearch, jaegerSearchInput, jaegerSearchInputV3, jaegerWindow, operationsInput, type JaegerSearchInput } from './jaeger-input.js';
import { JaegerFilter } from './jaeger.filter.js';
import { jaegerAnswer, jaegerSummary, jaegerTrace, type JaegerTrace } from './jaeger-view.js';
import { resourceSpansJson } from './otlp-json.js';
import { READERS, type Readers } from './readers.js';
import { readInput, readTraceId } from './request-input.js';
import type { TimeWindow } from './time-window.js';
import type { SpanOperation } from './topology-reader.js';
import type { StoredTrace } from './trace-reader.js';

const TRACE_ID_LENGTH = 32;
/** Services and operations are those of the last days: what was deployed and is quiet is looked for too. */
const LISTED_MS = 7 * DAY_MS;

/** Jaeger's query API: point its UI, or whatever reads it, at `http://…/jaeger`. */
@Controller('/jaeger/api')
@UseFilters(JaegerFilter)
export class JaegerController {
  readonly #readers: Readers;

  constructor(@Inject(READERS) readers: Readers) {
    this.#readers = readers;
  }

  @Get('services')
  async services(): Promise<unknown> {
    return jaegerAnswer(await this.#readers.topology.serviceNames(this.#listed()));
  }

  @Get('services/:service/operations')
  async operationNames(@Param('service') service: string): Promise<unknown> {
    const operations = await this.#operations(service, undefined);
    return jaegerAnswer([...new Set(operations.map(({ name }) => name))]);
  }

  @Get('operations')
  async operations(@Query() query: unknown): Promise<unknown> {
    const { service = '', spanKind } = readInput(operationsInput, query);
    return jaegerAnswer((await this.#operations(service, spanKind)).map(({ name, kind }) => ({ name, spanKind: kind === 'unspecified' ? '' : kind })));
  }

  @Get('traces')
  async search(@Query() query: unknown): Promise<unknown> {
    const input = readInput(jaegerSearchInput, query);
    const ids = input.traceID.length > 0 ? input.traceID.slice(0, input.limit).map(paddedId) : await this.#found(input);
    return jaegerAnswer((await this.#tracesOf(ids)).map(traceOf));
  }

  @Get('traces/:traceId')
  async trace(@Param('traceId') id: string): Promise<unknown> {
    return jaegerAnswer([traceOf(await this.#trace(id))]);
  }

  @Get('dependencies')
  async dependencies(@Query() query: unknown): Promise<unknown> {
    const { endTs, lookback } = readInput(dependenciesInput, query);
    const toMs = endTs ?? this.#readers.clock.nowMs();
    const calls = await this.#readers.topology.dependencies({ fromMs: toMs - lookback, toMs });
    return jaegerAnswer(calls.map(({ parent, child, calls: count }) => ({ parent, child, callCount: Math.round(count) })));
  }

  @Get('v3/services')
  async servicesV3(): Promise<unknown> {
    return { services: await this.#readers.topology.serviceNames(this.#listed()) };
  }

  @Get('v3/operations')
  async operationsV3(@Query() query: unknown): Promise<unknown> {
    const { service = '', spanKind: asked, span_kind: kind = asked } = readInput(operationsInput, query);
    return { operations: (await this.#operations(service, kind)).map(({ name, kind: spanKind }) => ({ name, spanKind: spanKind === 'unspecified' ? '' : spanKind })) };
  }

  @Get('v3/traces')
  async searchV3(@Query() query: unknown): Promise<unknown> {
    const traces = await this.#tracesOf(await this.#found(readInput(jaegerSearchInputV3, query)));
    return { result: { resourceSpans: traces.flatMap(({ spans }) => resourceSpansJson(spans, 'otlp')) } };
  }

  @Get('v3/trace-summaries')
  async summariesV3(@Query() query: unknown): Promise<unknown> {
    const traces = await this.#tracesOf(await this.#found(readInput(jaegerSearchInputV3, query)));
    return { summaries: traces.map(jaegerSummary) };
  }

  @Get('v3/traces/:traceId')
  async traceV3(@Param('traceId') id: string): Promise<unknown> {
    return { result: { resourceSpans: resourceSpansJson((await this.#trace(id)).spans, 'otlp') } };
  }

  async #found(input: JaegerSearchInput): Promise<readonly TraceId[]> {
    const found = await this.#readers.traces.findTraces({ ...jaegerWindow(input, this.#readers.clock.nowMs()), search: jaegerSearch(input), limit: input.limit });
    return found.map(({ traceId }) => traceId);
  }

  async #tracesOf(ids: readonly TraceId[]): Promise<readonly StoredTrace[]> {
    const traces = await Promise.all(ids.map((id) => this.#readers.traces.traceById(id)));
    return traces.filter((trace) => trace !== undefined);
  }

  async #operations(service: string, kind: string | undefined): Promise<readonly SpanOperation[]> {
    const operations = await this.#readers.topology.spanOperations(service, this.#listed());
    return kind === undefined || kind === '' ? operations : operations.filter((operation) => operation.kind === kind);
  }

  async #trace(id: string): Promise<StoredTrace> {
    const trace = await this.#readers.traces.traceById(paddedId(id));
    if (trace !== undefined) return trace;
    throw new ApiError('trace/not-found', `trace ${id} is not stored`, { hint: 'It may have left the store, or never arrived.' });
  }

  #listed(): TimeWindow {
    const nowMs = this.#readers.clock.nowMs();
    return { fromMs: nowMs - LISTED_MS, toMs: nowMs + DAY_MS };
  }
}

function paddedId(id: string): TraceId {
  return readTraceId(id.padStart(TRACE_ID_LENGTH, '0'));
}

function traceOf({ traceId, spans, truncated }: StoredTrace): JaegerTrace {
  return jaegerTrace(traceId, spans, truncated);
}
