import { Controller, Get, Header, Inject, Query, Res } from '@nestjs/common';
import { qualityReportView } from '../report/quality-report-view.js';
import type { AuditKind } from '../report/audit-period.js';
import { linesOf } from '../report/quality-audit-slack.js';
import { qualityAuditView } from '../report/quality-audit-view.js';
import { periodAsked, weekAsked } from '../report/quality.controller.js';
import { startOfWeek, WEEK_MS, weekOf } from '../report/quality-week.js';
import type { PageReply } from './http-types.js';
import { qualityFileModel, qualityModel, qualitySheet, untoldOf } from './quality-page.js';
import { auditSections } from './quality-audit-sections.js';
import { policyWithSheet } from './security-headers.js';
import { SITE, type Site } from './site.js';

const WEEKS_LISTED = 5;

@Controller('/quality')
export class QualityPageController {
  readonly #site: Site;

  constructor(@Inject(SITE) site: Site) {
    this.#site = site;
  }

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  async page(@Query() query: unknown): Promise<string> {
    const report = qualityReportView(await this.#site.quality.report(weekAsked(query)));
    const model = qualityModel(report, '');
    return this.#site.render({ ...model, template: 'quality', title: 'Trace quality', section: 'quality', weeks: this.#weeks(report.week) });
  }

  @Get('file')
  @Header('content-type', 'text/html; charset=utf-8')
  async file(@Query() query: unknown, @Res({ passthrough: true }) reply: PageReply): Promise<string> {
    reply.header('content-security-policy', policyWithSheet(qualitySheet()));
    return this.#site.renderAlone('quality-file', qualityFileModel(qualityReportView(await this.#site.quality.report(weekAsked(query))), this.#site.address.publicUrl));
  }

  @Get('month')
  @Header('content-type', 'text/html; charset=utf-8')
  month(@Query() query: unknown): Promise<string> {
    return this.#audit('month', query);
  }

  @Get('quarter')
  @Header('content-type', 'text/html; charset=utf-8')
  quarter(@Query() query: unknown): Promise<string> {
    return this.#audit('quarter', query);
  }

  async #audit(kind: AuditKind, query: unknown): Promise<string> {
    const audit = await this.#site.quality.audit(periodAsked(kind, query, this.#site.readers.clock));
    const view = qualityAuditView(audit);
    const heading = `${kind === 'month' ? 'Cost and retention of traces' : 'Instrumentation coverage'}, ${view.period}`;
    return this.#site.render({ template: 'quality-audit', title: heading, section: 'quality', heading, untold: untoldOf(view), period: `${view.from.slice(0, 16).replace('T', ' ')} to ${view.to.slice(0, 16).replace('T', ' ')} UTC`, lines: linesOf(audit), sections: auditSections(view) });
  }

  #weeks(shown: string | null): { readonly label: string; readonly href: string; readonly current: boolean }[] {
    const thisWeek = startOfWeek(this.#site.readers.clock.nowMs());
    const weeks = Array.from({ length: WEEKS_LISTED }, (_, index) => weekOf(thisWeek - index * WEEK_MS));
    return [{ label: 'Last 7 days', href: '/quality', current: shown === null }, ...weeks.map((week) => ({ label: week, href: `/quality?week=${week}`, current: week === shown }))];
  }
}
