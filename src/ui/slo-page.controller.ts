import { Controller, Get, Header, Inject, Param, Query } from '@nestjs/common';
import { DAY_MS, HOUR_MS } from '../lib/duration.js';
import { concerns } from '../query/change.js';
import { ApiError } from '../query/api-error.js';
import { readBadExemplars, readBurned } from '../query/burned-view.js';
import { readHistory } from '../query/history-view.js';
import { readInput, windowInput, windowOf } from '../query/request-input.js';
import { sloView } from '../query/slo-view.js';
import { incidentCard } from './incident-cards.js';
import { RANGES, rangesOf } from './ranges.js';
import { sloPage } from './slo-page.js';
import { SITE, type Site } from './site.js';

const LOOKED_AT = 200;
const SHOWN = 10;
/** While it burns, the last hours are what is asked for. */
const FIRING_RANGE_MS = 6 * HOUR_MS;

@Controller('/slos')
export class SloPageController {
  readonly #site: Site;

  constructor(@Inject(SITE) site: Site) {
    this.#site = site;
  }

  @Get(':name')
  @Header('content-type', 'text/html; charset=utf-8')
  async slo(@Param('name') name: string, @Query() query: unknown): Promise<string> {
    const { readers } = this.#site;
    const view = sloView(readers.slos, name);
    if (view === undefined) throw new ApiError('slo/not-found', `There is no SLO "${name.slice(0, 100)}".`, { hint: 'It may have been renamed or removed from rules/. The overview lists those there are.' });
    const window = windowOf(readInput(windowInput, query), readers.clock.nowMs(), view.status.firing === undefined ? DAY_MS : FIRING_RANGE_MS);
    const [history, incidents, burned, charges, revisions, exclusionLog, changes, exemplars] = await Promise.all([
      readHistory(readers, view.slo, window), readers.incidents.list({ limit: LOOKED_AT }), readBurned(readers, view.slo, window), readers.charged.charges(view.slo, window), readers.revisions.revisions(view.slo.name),
      readers.revisions.exclusionLog(view.slo.name), readers.changes.list(window), readBadExemplars(readers, view.slo, window),
    ]);
    const own = incidents.filter((incident) => incident.alerts.some((alert) => alert.labels['slo'] === name)).slice(0, SHOWN);
    return this.#site.render({
      template: 'slo', title: view.slo.displayName, section: 'overview', refreshSeconds: 15,
      ...sloPage(view, history, { burned, charges, incidents: own, revisions, exclusionLog, exemplars, changes: changes.filter((change) => concerns(change, view.slo.service)) }),
      ...rangesOf(window, RANGES),
      incidents: own.map((incident) => incidentCard(incident, readers.slos)),
    });
  }
}
