import { Controller, Get, Header, Inject } from '@nestjs/common';
import { headline } from '../budget/arithmetic-in-words.js';
import { windowText } from '../config/calendar.js';
import { formatDuration } from '../lib/duration.js';
import { sloViews, type SloView } from '../query/slo-view.js';
import { openCards } from './incident-cards.js';
import { budgetBar } from './slo-page.js';
import { SITE, type Site } from './site.js';
import { STATE_WORDS } from './words.js';

const OPEN_INCIDENTS = 20;

@Controller()
export class OverviewController {
  readonly #site: Site;

  constructor(@Inject(SITE) site: Site) {
    this.#site = site;
  }

  @Get('/')
  @Header('content-type', 'text/html; charset=utf-8')
  async overview(): Promise<string> {
    const { readers } = this.#site;
    const incidents = await readers.incidents.list({ status: ['open', 'acknowledged'], limit: OPEN_INCIDENTS });
    const slos = sloViews(readers.slos);
    return this.#site.render({
      template: 'overview', title: titleOf(incidents.length), section: 'overview', refreshSeconds: 10,
      incidents: openCards(incidents, readers.slos),
      slos: slos.map(sloRow),
      noEvents: slos.length > 0 && slos.every(({ status }) => status.state === 'no-data'),
    });
  }
}

function titleOf(open: number): string {
  return open === 0 ? 'Overview' : `(${open}) Overview`;
}

function sloRow({ slo, status }: SloView): Record<string, unknown> {
  const fastest = status.tiers[0];
  return {
    name: slo.name,
    displayName: slo.displayName,
    service: slo.service,
    target: slo.target,
    window: windowText(slo),
    state: status.state,
    stateWords: STATE_WORDS[status.state],
    sli: status.sli,
    budget: budgetBar(status),
    burnRate: (status.firing ?? fastest)?.long.burnRate,
    standsOn: status.evidence === undefined || status.sli === undefined || status.evidence.share > 0.99 ? undefined : status.evidence.share,
    burnWindow: fastest === undefined ? '' : formatDuration((status.firing ?? fastest).tier.longMs),
    burnFactor: (status.firing ?? fastest)?.tier.factor,
    words: headline(status, slo),
  };
}
