import { Controller, Get, Header, Headers, Inject, Param, Query, Res, UseFilters } from '@nestjs/common';
import { ApiError } from './api-error.js';
import { tracesDataBytes } from './otlp-protobuf.js';
import { READERS, type Readers } from './readers.js';
import { isOn, readInput, readTraceId } from './request-input.js';
import { TAG_LIMIT, type TagQuery } from './tag-reader.js';
import { metricsTimes, searchLimit, spansPerSpanset, tagField, tagSearch, tempoMetricsInput, tempoSearch, tempoSearchInput, tempoTagsInput, tempoWindow } from './tempo-input.js';
import { TempoFilter } from './tempo.filter.js';
import { metricsInstantJson, metricsRangeJson, tagNamesV1, tagNamesV2, tagValuesV1, tagValuesV2, tempoSearchJson, traceByIdBytes, traceByIdJson, traceJsonV1 } from './tempo-view.js';
import { parseTraceMetrics } from './trace-query.js';
import type { StoredTrace } from './trace-reader.js';

/** The API level of Tempo that Grafana looks at to know what it may ask for. */
const TEMPO_VERSION = '3.0.2';
const PROTOBUF = 'application/protobuf';
/** Trace ids come without leading zeros too. */
const TRACE_ID_LENGTH = 32;

interface Reply {
  header(name: string, value: string): unknown;
}

/** What Grafana's Tempo datasource asks for: point it at `http://…/tempo`. */
@Controller('/tempo')
@UseFilters(TempoFilter)
export class TempoController {
  readonly #readers: Readers;

  constructor(@Inject(READERS) readers: Readers) {
    this.#readers = readers;
  }

  @Get('api/echo')
  @Header('content-type', 'text/plain; charset=utf-8')
  echo(): string {
    return 'echo';
  }

  @Get('ready')
  @Header('content-type', 'text/plain; charset=utf-8')
  ready(): string {
    return 'ready';
  }

  @Get('api/status/buildinfo')
  buildInfo(): unknown {
    return { version: TEMPO_VERSION, revision: 'tocsin', branch: '', buildDate: '', buildUser: '', goVersion: '' };
  }

  @Get('api/v2/traces/:traceId')
  async trace(@Param('traceId') id: string, @Headers('accept') accept: string | undefined, @Res({ passthrough: true }) reply: Reply): Promise<unknown> {
    const trace = await this.#trace(id);
    if (!wantsProtobuf(accept)) return traceByIdJson(trace);
    reply.header('content-type', PROTOBUF);
    return Buffer.from(traceByIdBytes(trace));
  }

  @Get('api/traces/:traceId')
  async traceV1(@Param('traceId') id: string, @Headers('accept') accept: string | undefined, @Res({ passthrough: true }) reply: Reply): Promise<unknown> {
    const { spans } = await this.#trace(id);
    if (!wantsProtobuf(accept)) return traceJsonV1(spans);
    reply.header('content-type', PROTOBUF);
    return Buffer.from(tracesDataBytes(spans));
  }

  @Get('api/search')
  async search(@Query() query: unknown): Promise<unknown> {
    const input = readInput(tempoSearchInput, query);
    const search = { ...tempoWindow(input, this.#readers.clock.nowMs()), search: tempoSearch(input), limit: searchLimit(input) };
    return tempoSearchJson(await this.#readers.traces.findSpansets({ ...search, spansPerSpanset: spansPerSpanset(input) }));
  }

  @Get('api/search/tags')
  async tags(@Query() query: unknown): Promise<unknown> {
    const { scope, ...input } = readInput(tempoTagsInput, query);
    return tagNamesV1(await this.#readers.tags.tagNames(this.#tagQuery(input)), scope);
  }

  @Get('api/v2/search/tags')
  async tagsV2(@Query() query: unknown): Promise<unknown> {
    const { scope, ...input } = readInput(tempoTagsInput, query);
    return tagNamesV2(await this.#readers.tags.tagNames(this.#tagQuery(input)), scope);
  }

  @Get('api/search/tag/:tag/values')
  async values(@Param('tag') tag: string, @Query() query: unknown): Promise<unknown> {
    return tagValuesV1(await this.#readers.tags.tagValues(readTag(tag), this.#tagQuery(readInput(tempoTagsInput, query))));
  }

  @Get('api/v2/search/tag/:tag/values')
  async valuesV2(@Param('tag') tag: string, @Query() query: unknown): Promise<unknown> {
    return tagValuesV2(await this.#readers.tags.tagValues(readTag(tag), this.#tagQuery(readInput(tempoTagsInput, query))));
  }

  @Get('api/metrics/query_range')
  async range(@Query() query: unknown): Promise<unknown> {
    return this.#metrics(query, 'range');
  }

  @Get('api/metrics/query')
  async instant(@Query() query: unknown): Promise<unknown> {
    return this.#metrics(query, 'instant');
  }

  async #metrics(query: unknown, kind: 'range' | 'instant'): Promise<unknown> {
    const input = readInput(tempoMetricsInput, query);
    const request = { query: parseTraceMetrics(input.q), ...metricsTimes(input, this.#readers.clock.nowMs(), kind), exemplars: input.exemplars ?? 0 };
    if (isOn(input.explain)) return { plans: await this.#readers.metrics.explainMetrics(request) };
    const result = await this.#readers.metrics.metrics(request);
    return kind === 'range' ? metricsRangeJson(result) : metricsInstantJson(result);
  }

  #tagQuery({ q, limit, ...times }: { readonly q?: string | undefined; readonly limit?: number | undefined; readonly start?: number | undefined; readonly end?: number | undefined }): TagQuery {
    return { ...tempoWindow(times, this.#readers.clock.nowMs()), search: tagSearch(q), limit: limit === undefined || limit === 0 ? TAG_LIMIT : limit };
  }

  async #trace(id: string): Promise<StoredTrace> {
    const trace = await this.#readers.traces.traceById(readTraceId(id.padStart(TRACE_ID_LENGTH, '0')));
    if (trace !== undefined && trace.spans.length > 0) return trace;
    throw new ApiError('trace/not-found', 'trace not found');
  }
}

function wantsProtobuf(accept: string | undefined): boolean {
  return accept?.includes(PROTOBUF) === true || accept?.includes('application/x-protobuf') === true;
}

/** Grafana encodes the name twice, other clients once. */
function readTag(tag: string): NonNullable<ReturnType<typeof tagField>> {
  const field = tagField(tag.includes('%') ? decoded(tag) : tag);
  if (field !== undefined) return field;
  throw new ApiError('request/invalid', `"${tag.slice(0, 100)}" is not the name of a field`, { hint: 'like resource.service.name, span.http.route or name' });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
