import { Controller, Get, Header, Inject, Query } from '@nestjs/common';
import { qualityReportView } from '../report/quality-report-view.js';
import { weekAsked } from '../report/quality.controller.js';
import { startOfWeek, WEEK_MS, weekOf } from '../report/quality-week.js';
import { renderPage } from './page-model.js';
import { PageRenderer } from './page-renderer.js';
import { qualityFile, qualityModel } from './quality-page.js';
import { UI_OPTIONS, type UiOptions } from './ui-options.js';

const WEEKS_LISTED = 5;

@Controller('/quality')
export class QualityPageController {
  readonly #options: UiOptions;
  readonly #renderer: PageRenderer;

  constructor(@Inject(UI_OPTIONS) options: UiOptions, @Inject(PageRenderer) renderer: PageRenderer) {
    this.#options = options;
    this.#renderer = renderer;
  }

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  async page(@Query() query: unknown): Promise<string> {
    const report = qualityReportView(await this.#options.quality.report(weekAsked(query)));
    const model = qualityModel(report, '');
    return renderPage(this.#renderer, this.#options, { ...model, template: 'quality', title: 'Trace quality', section: 'quality', weeks: this.#weeks(report.week) });
  }

  @Get('file')
  @Header('content-type', 'text/html; charset=utf-8')
  async file(@Query() query: unknown): Promise<string> {
    return qualityFile(this.#renderer, qualityReportView(await this.#options.quality.report(weekAsked(query))), this.#options.address.publicUrl);
  }

  #weeks(shown: string | null): { readonly label: string; readonly href: string; readonly current: boolean }[] {
    const thisWeek = startOfWeek(this.#options.readers.clock.nowMs());
    const weeks = Array.from({ length: WEEKS_LISTED }, (_, index) => weekOf(thisWeek - index * WEEK_MS));
    return [{ label: 'Last 7 days', href: '/quality', current: shown === null }, ...weeks.map((week) => ({ label: week, href: `/quality?week=${week}`, current: week === shown }))];
  }
}
