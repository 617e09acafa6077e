import { Controller, Get, Header, Inject, Query } from '@nestjs/common';
import { formatDuration, HOUR_MS } from '../lib/duration.js';
import { readInput, windowInput, windowOf } from '../query/request-input.js';
import { serviceMap } from '../query/service-map.js';
import { mapView } from './map-page.js';
import { renderPage, SERVICE_RANGES } from './page-model.js';
import { PageRenderer } from './page-renderer.js';
import { UI_OPTIONS, type UiOptions } from './ui-options.js';

@Controller('/map')
export class MapPageController {
  readonly #options: UiOptions;
  readonly #renderer: PageRenderer;

  constructor(@Inject(UI_OPTIONS) options: UiOptions, @Inject(PageRenderer) renderer: PageRenderer) {
    this.#options = options;
    this.#renderer = renderer;
  }

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  async map(@Query() query: Record<string, unknown>): Promise<string> {
    const { readers } = this.#options;
    const window = windowOf(readInput(windowInput, query), readers.clock.nowMs(), HOUR_MS);
    const around = typeof query['service'] === 'string' && query['service'] !== '' ? query['service'] : undefined;
    const [calls, services] = await Promise.all([readers.topology.calls(window), readers.services.services(window)]);
    const range = formatDuration(window.toMs - window.fromMs);
    const map = serviceMap({ calls, services, windowMs: window.toMs - window.fromMs, around });
    return renderPage(this.#renderer, this.#options, {
      template: 'map', title: 'Service map', section: 'map', refreshSeconds: 30, around, range, ranges: SERVICE_RANGES.map((each) => ({ range: each, current: each === range })), map: mapView(map, range),
    });
  }
}
