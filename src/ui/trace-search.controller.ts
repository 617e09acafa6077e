import { Controller, Get, Header, Inject, Query } from '@nestjs/common';
import { HOUR_MS } from '../lib/duration.js';
import { ApiError } from '../query/api-error.js';
import { formConditions, isOn, readInput, timeInput, traceSearchInput, traceSearchOf, windowOf, type TraceSearchInput } from '../query/request-input.js';
import type { Heatmap } from '../query/survey-reader.js';
import type { TimeWindow } from '../query/time-window.js';
import { isTooMuch } from '../query/within-memory.js';
import type { FieldExpression } from '../trace/traceql/query-ast.js';
import { heatmapView } from './heatmap.js';
import { FACETS, FACET_VALUES, facetTitle, facetViews, foundInWords } from './trace-survey.js';
import { searchForm, searchProblem, searchRows, searchUrl, withoutBlanks, type SearchForm } from './trace-search-page.js';
import { SITE, type Site } from './site.js';

/** Without a query the survey is of requests: calls to others would count twice. */
const REQUESTS = '{ kind = server || kind = consumer }';

@Controller('/traces')
export class TraceSearchController {
  readonly #site: Site;

  constructor(@Inject(SITE) site: Site) {
    this.#site = site;
  }

  /** A wrong query is answered on the page with the form still filled in, not by an error page. With `survey=1` what was found is seen from afar too: the script asks for it when the traces are there. */
  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  async search(@Query() query: Record<string, unknown>): Promise<string> {
    const { readers } = this.#site;
    const services = await readers.services.services(windowOf({}, readers.clock.nowMs(), 6 * HOUR_MS));
    const form = searchForm(withoutBlanks(query));
    const found = await this.#orProblem(async () => {
      const input = readInput(traceSearchInput, withoutBlanks(query));
      const search = traceSearchOf(input, windowOf(input, readers.clock.nowMs()), readers.users);
      const traces = await readers.traces.findTraces(search);
      const isAsked = isOn(typeof query['survey'] === 'string' ? query['survey'] : undefined);
      return { traces: searchRows(traces, readers.clock.nowMs()), limit: search.limit, ...(isAsked ? await this.#surveyOrProblem(form, input) : {}) };
    });
    return this.#site.render({
      template: 'traces', title: 'Traces', section: 'traces', form: { ...form, errors: isOn(form.errors) },
      services: services.map((service) => service.service), surveyHref: `${searchUrl('/traces', form, {})}&survey=1`, userKeys: readers.users.keys.join(' or '), user: form.user === '' ? undefined : readers.users.read(form.user.trim()), ...found,
    });
  }

  async #orProblem(find: () => Promise<Record<string, unknown>>): Promise<Record<string, unknown>> {
    try {
      return await find();
    } catch (error) {
      if (error instanceof ApiError) return { traces: [], problem: searchProblem(error) };
      throw error;
    }
  }

  /** A survey looks at all that matches, a search at the newest: that there is no memory for the one keeps nothing from who asked for the other. */
  async #surveyOrProblem(form: SearchForm, input: TraceSearchInput): Promise<Record<string, unknown>> {
    try {
      return { survey: await this.#survey(form, input) };
    } catch (error) {
      if (isTooMuch(error)) return { surveyProblem: searchProblem(error) };
      throw error;
    }
  }

  /** Undefined for any time at all: years have no minutes to draw. */
  async #survey(form: SearchForm, input: TraceSearchInput): Promise<Record<string, unknown> | undefined> {
    if (input.range === Infinity) return undefined;
    const window = windowOf(input, this.#site.readers.clock.nowMs());
    const isPlain = form.q.trim() === '' && form.user === '';
    const whole = mapWindow(form, window);
    const query = isPlain ? REQUESTS : form.q;
    const [heatmap, breakdown] = await Promise.all([
      this.#heatmap(input, whole, isPlain),
      this.#site.readers.surveys.breakdown({ ...traceSearchOf({ ...input, q: query }, window, this.#site.readers.users), fields: FACETS, top: FACET_VALUES }),
    ]);
    const times = (range: TimeWindow): Partial<SearchForm> => ({ range: '', from: new Date(range.fromMs).toISOString(), to: new Date(range.toMs).toISOString() });
    const map = { mapFrom: new Date(whole.fromMs).toISOString(), mapTo: new Date(whole.toMs).toISOString() };
    const view = heatmapView(heatmap, { times: whole === window ? undefined : window, minNs: input.minDuration, maxNs: input.maxDuration }, (area) => searchUrl('/traces', form, { ...map, q: query, ...times(area), minDuration: area.minDuration, maxDuration: area.maxDuration }));
    return {
      heatmap: view, what: isPlain ? 'Requests' : 'Spans found', counted: `${Math.round(view?.spans ?? 0).toLocaleString('en-US')} ${isPlain ? 'counted' : 'stored'}`,
      compareHref: searchUrl('/traces/cohorts', form, { ...map, q: query, ...times(window) }), clearHref: searchUrl('/traces', form, { ...times(whole), mapFrom: '', mapTo: '', minDuration: '', maxDuration: '' }),
      found: foundInWords(breakdown),
      facets: facetViews(breakdown, form.q).map((facet) => ({ ...facet, values: facet.values.map((value) => ({ ...value, title: facetTitle(value), href: value.query === undefined ? undefined : searchUrl('/traces', form, { q: value.query }) })) })),
    };
  }

  async #heatmap(input: TraceSearchInput, window: TimeWindow, isPlain: boolean): Promise<Heatmap> {
    const { surveys, users } = this.#site.readers;
    if (isPlain) return surveys.requestHeatmap({ ...window, service: input.service ?? '', operation: input.operation ?? '' });
    return surveys.heatmap(traceSearchOf({ ...input, errors: undefined, minDuration: undefined, maxDuration: undefined }, window, users));
  }
}

/** What the brush and the tick for errors say, without service and operation. */
export function narrowingConditions(input: TraceSearchInput): readonly FieldExpression[] {
  return formConditions({ ...input, service: undefined, operation: undefined });
}

/** What the heatmap shows: what was searched before a part of it was chosen. */
export function mapWindow({ mapFrom, mapTo }: Pick<SearchForm, 'mapFrom' | 'mapTo'>, window: TimeWindow): TimeWindow {
  const [from, to] = [readInput(timeInput, mapFrom), readInput(timeInput, mapTo)];
  if (from === undefined || to === undefined || from >= window.toMs || to <= window.fromMs) return window;
  // The last step of a heatmap reaches beyond its end.
  return { fromMs: Math.min(from, window.fromMs), toMs: Math.max(to, window.toMs) };
}
