import { Controller, Get, Header, Inject, Query } from '@nestjs/common';
import { HOUR_MS } from '../lib/duration.js';
import { readInput, windowInput, windowOf } from '../query/request-input.js';
import { serviceMap } from '../query/service-map.js';
import { mapView } from './map-page.js';
import { rangesOf, SERVICE_RANGES } from './ranges.js';
import { SITE, type Site } from './site.js';

@Controller('/map')
export class MapPageController {
  readonly #site: Site;

  constructor(@Inject(SITE) site: Site) {
    this.#site = site;
  }

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  async map(@Query() query: Record<string, unknown>): Promise<string> {
    const { readers } = this.#site;
    const window = windowOf(readInput(windowInput, query), readers.clock.nowMs(), HOUR_MS);
    const around = typeof query['service'] === 'string' && query['service'] !== '' ? query['service'] : undefined;
    const [calls, services] = await Promise.all([readers.topology.calls(window), readers.services.services(window)]);
    const ranges = rangesOf(window, SERVICE_RANGES);
    const map = serviceMap({ calls, services, windowMs: window.toMs - window.fromMs, around });
    return this.#site.render({
      template: 'map', title: 'Service map', section: 'map', refreshSeconds: 30, around, ...ranges, map: { ...mapView(map, ranges.range), someYoung: services.some(({ seenMs }) => seenMs < window.toMs - window.fromMs) },
    });
  }
}
