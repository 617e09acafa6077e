import { Controller, Get, Header, Inject, Query } from '@nestjs/common';
import { z } from 'zod';
import { compareTraces } from '../diagnosis/compare-traces.js';
import { HOUR_MS } from '../lib/duration.js';
import { ApiError } from '../query/api-error.js';
import { isOn, readInput, readTraceId, traceSearchInput, traceSearchOf, windowOf, type TraceSearchInput } from '../query/request-input.js';
import { spanCohorts } from '../query/span-cohorts.js';
import type { TimeWindow } from '../query/time-window.js';
import { parseTraceSearch } from '../query/trace-query.js';
import type { StoredTrace } from '../query/trace-reader.js';
import { printFieldExpression } from '../trace/traceql/print.js';
import type { FilterStage } from '../trace/traceql/query-ast.js';
import { cohortsView, comparisonView } from './compare-page.js';
import { mapWindow, narrowingConditions } from './trace-search.controller.js';
import { searchForm, searchProblem, searchUrl, withoutBlanks, type SearchForm } from './trace-search-page.js';
import { SITE, type Site } from './site.js';

const compareInput = z.object({ id: z.union([z.string(), z.array(z.string())]).optional(), a: z.string().optional(), b: z.string().optional() });

/** Two traces place by place, and a selection of spans against the others. */
@Controller('/traces')
export class ComparePageController {
  readonly #site: Site;

  constructor(@Inject(SITE) site: Site) {
    this.#site = site;
  }

  /** `a` and `b`, or two of `id`, as the ticks of a search give them. One id is a form that asks for the other. */
  @Get('compare')
  @Header('content-type', 'text/html; charset=utf-8')
  async compare(@Query() query: unknown): Promise<string> {
    const { id, a, b } = readInput(compareInput, query);
    const ids = [a, b, ...(Array.isArray(id) ? id : [id])].filter((each) => each !== undefined && each.trim() !== '').map((each) => readTraceId(String(each).trim()));
    const [left, right] = ids;
    const page = { template: 'compare', title: 'Compare two traces', section: 'traces' as const, left, right };
    if (left === undefined || right === undefined) return this.#site.render(page);
    const [one, other] = await Promise.all([this.#read(left), this.#read(right)]);
    return this.#site.render({ ...page, ...comparisonView({ left: one, right: other }, compareTraces(one.spans, other.spans)) });
  }

  /** `q`, `service` and `operation` say of which spans, `select` (or the search's durations, errors and times) which of them are the selection. */
  @Get('cohorts')
  @Header('content-type', 'text/html; charset=utf-8')
  async cohorts(@Query() query: Record<string, unknown>): Promise<string> {
    const form = searchForm(withoutBlanks(query));
    const select = typeof query['select'] === 'string' ? query['select'] : '';
    return this.#site.render({ template: 'cohorts', title: 'Compare a selection with the rest', section: 'traces', form, ...(await this.#cohorts(form, select, query)) });
  }

  async #cohorts(form: SearchForm, select: string, query: Record<string, unknown>): Promise<Record<string, unknown>> {
    try {
      const input = readInput(traceSearchInput, withoutBlanks(query));
      const nowMs = this.#site.readers.clock.nowMs();
      const chosen = windowOf(input, nowMs, HOUR_MS);
      const whole = mapWindow(form, chosen);
      const selection = selectionOf(select, input);
      const selectionWindow = whole === chosen ? undefined : chosen;
      const shown = { select: selection === undefined ? select : `{ ${printFieldExpression(selection.condition)} }`, selectionWindow };
      if (selection === undefined && selectionWindow === undefined) return shown;
      const base = traceSearchOf({ ...input, errors: undefined, minDuration: undefined, maxDuration: undefined }, whole, this.#site.readers.users);
      const found = await spanCohorts(this.#site.readers.metrics, { ...whole, search: base.search, selection: selection ?? EVERYTHING, selectionWindow });
      const hrefOf = (q: string): string => searchUrl('/traces', form, { q, ...timesOf(whole), mapFrom: '', mapTo: '', minDuration: '', maxDuration: '', errors: '' });
      return { ...shown, ...cohortsView(found, { query: form.q, hrefOf }) };
    } catch (error) {
      if (error instanceof ApiError) return { select, problem: searchProblem(error) };
      throw error;
    }
  }

  async #read(id: string): Promise<StoredTrace> {
    const trace = await this.#site.readers.traces.traceById(readTraceId(id));
    if (trace !== undefined && trace.spans.length > 0) return trace;
    throw new ApiError('trace/not-found', `Trace ${id} is not stored here.`);
  }
}

const EVERYTHING: FilterStage = { type: 'filter', condition: { type: 'boolean', value: true } };

/** What was written, else what the brush and the ticks of the search say. */
function selectionOf(select: string, input: TraceSearchInput): FilterStage | undefined {
  if (select.trim() !== '') {
    const search = parseTraceSearch(select);
    if (search.type === 'filter') return search;
    throw new ApiError('traceql/invalid', 'a selection is one { … } of conditions', { hint: 'like { status = error } or { duration > 500ms }', extra: { offset: 0, line: 1, column: 1, query: select } });
  }
  const [first, ...rest] = narrowingConditions({ ...input, errors: isOn(input.errors) ? '1' : undefined });
  return first === undefined ? undefined : { type: 'filter', condition: rest.reduce((left, right) => ({ type: 'binary' as const, operator: '&&' as const, left, right }), first) };
}

function timesOf({ fromMs, toMs }: TimeWindow): Partial<SearchForm> {
  return { range: '', from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() };
}
