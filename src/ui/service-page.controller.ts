import { Controller, Get, Header, Inject, Param, Query } from '@nestjs/common';
import { HOUR_MS } from '../lib/duration.js';
import { ApiError } from '../query/api-error.js';
import { readInput, windowInput, windowOf } from '../query/request-input.js';
import type { Seen, ServiceSummary } from '../query/service-reader.js';
import { sloViews } from '../query/slo-view.js';
import type { TimeWindow } from '../query/time-window.js';
import { sparkline } from './chart.js';
import { rangesOf, SERVICE_RANGES } from './ranges.js';
import { errorChart, latencyChart, rateChart } from './service-charts.js';
import { serviceSurroundings, surroundingsOf } from './service-surroundings.js';
import { SITE, type Site } from './site.js';
import { STATE_WORDS } from './words.js';

@Controller('/services')
export class ServicePageController {
  readonly #site: Site;

  constructor(@Inject(SITE) site: Site) {
    this.#site = site;
  }

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  async list(@Query() query: unknown): Promise<string> {
    const window = this.#window(query);
    const services = await this.#site.readers.services.services(window);
    return this.#site.render({
      template: 'services', title: 'Services', section: 'services', refreshSeconds: 15, ...rangesOf(window, SERVICE_RANGES),
      services: services.map((service) => serviceRow(service, window)), someYoung: services.some((service) => youngMs(service, window) !== undefined),
    });
  }

  @Get(':service')
  @Header('content-type', 'text/html; charset=utf-8')
  async service(@Param('service') service: string, @Query() query: unknown): Promise<string> {
    const { readers } = this.#site;
    const window = this.#window(query);
    const [operations, series, around] = await Promise.all([readers.services.operations(service, window), readers.services.series(service, window), surroundingsOf(readers, service, window)]);
    const slos = sloViews(readers.slos).filter((view) => view.slo.service === service);
    if (operations.length === 0 && slos.length === 0) {
      throw new ApiError('service/not-found', `No requests of service "${service.slice(0, 100)}" in this window.`, { hint: 'Only server and consumer spans count as requests. Try a longer range, or look at the list of services.' });
    }
    return this.#site.render({
      template: 'service', title: service, section: 'services', refreshSeconds: 15, service, operations, youngMs: operations[0] && youngMs(operations[0], window), ...rangesOf(window, SERVICE_RANGES),
      charts: [rateChart(series, around), errorChart(series, around), latencyChart(series, around)], ...serviceSurroundings(around, service),
      slos: slos.map(({ slo, status }) => ({ name: slo.name, displayName: slo.displayName, state: status.state, stateWords: STATE_WORDS[status.state] })),
    });
  }

  #window(query: unknown): TimeWindow {
    return windowOf(readInput(windowInput, query), this.#site.readers.clock.nowMs(), HOUR_MS);
  }
}

/** Where it was not there for all of the range. */
function youngMs({ seenMs }: Seen, { fromMs, toMs }: TimeWindow): number | undefined {
  return seenMs < toMs - fromMs ? seenMs : undefined;
}

/** The last minute is still filling: drawn, it would look like a drop of traffic. */
function serviceRow(service: ServiceSummary, window: TimeWindow): Record<string, unknown> {
  const whole = service.sparkline.slice(0, -1);
  const most = whole.reduce((high, point) => Math.max(high, point.requests), 0) || 1;
  return {
    ...service, youngMs: youngMs(service, window),
    requestsLine: sparkline(whole.map((point) => point.requests)),
    // The first value gives the errors the scale of the requests.
    errorsLine: sparklineWithin(whole.map((point) => point.errors), most),
  };
}

function sparklineWithin(values: readonly number[], most: number): ReturnType<typeof sparkline> {
  const scaled = values.map((value) => value / most);
  const points = scaled.map((value, index) => `${Math.round((index / Math.max(1, scaled.length - 1)) * 10_000) / 100} ${Math.round((23 - value * 22) * 100) / 100}`);
  return scaled.some((value) => value > 0) ? { path: `M${points.join('L')}`, area: `M0 24L${points.join('L')}L100 24Z` } : { path: '', area: '' };
}
