import { Controller, Get, Inject, Query } from '@nestjs/common';
import { z } from 'zod';
import { ApiError } from '../query/api-error.js';
import { readInput } from '../query/request-input.js';
import type { Clock } from '../lib/clock.js';
import { periodBefore, periodNamed, type AuditKind, type AuditPeriod } from './audit-period.js';
import { qualityAuditView, type QualityAuditView } from './quality-audit-view.js';
import { jaegerQualityMetrics } from './quality-jaeger-view.js';
import type { ReportWindow } from './quality-reader.js';
import { qualityReportView, type QualityReportView } from './quality-report-view.js';
import type { QualityService } from './quality-service.js';
import { windowOfWeek } from './quality-week.js';

export const QUALITY = Symbol('QualityService');
export const QUALITY_CLOCK = Symbol('QualityClock');

export type QualityAnswers = Pick<QualityService, 'report' | 'audit'>;

const reportInput = z.strictObject({ week: z.string().max(16).optional() });
const auditInput = z.strictObject({ period: z.string().max(16).optional() });
const jaegerInput = z.looseObject({ service: z.string().max(255).default(''), hours: z.string().optional() });

@Controller()
export class QualityController {
  readonly #quality: QualityAnswers;
  readonly #clock: Clock;

  constructor(@Inject(QUALITY) quality: QualityAnswers, @Inject(QUALITY_CLOCK) clock: Clock) {
    this.#quality = quality;
    this.#clock = clock;
  }

  @Get('/api/v1/quality')
  async report(@Query() query: unknown): Promise<QualityReportView> {
    return qualityReportView(await this.#quality.report(weekAsked(query)));
  }

  @Get('/api/v1/quality/month')
  async month(@Query() query: unknown): Promise<QualityAuditView> {
    return qualityAuditView(await this.#quality.audit(periodAsked('month', query, this.#clock)));
  }

  @Get('/api/v1/quality/quarter')
  async quarter(@Query() query: unknown): Promise<QualityAuditView> {
    return qualityAuditView(await this.#quality.audit(periodAsked('quarter', query, this.#clock)));
  }

  /** What Jaeger's own server answers with made-up numbers. */
  @Get('/jaeger/api/quality-metrics')
  async jaeger(@Query() query: unknown): Promise<Record<string, unknown>> {
    return jaegerQualityMetrics(await this.#quality.report(undefined), readInput(jaegerInput, query).service);
  }
}

/** The last whole period where none was named. */
export function periodAsked(kind: AuditKind, query: unknown, clock: Clock): AuditPeriod {
  const { period } = readInput(auditInput, query);
  if (period === undefined || period === '') return periodBefore(kind, clock.nowMs());
  const named = periodNamed(kind, period);
  if (!named.ok) throw new ApiError('request/invalid', named.error, { hint: `Leave it out for the last whole ${kind}.` });
  return named.value;
}

/** Undefined where no week was named. */
export function weekAsked(query: unknown): ReportWindow | undefined {
  const { week } = readInput(reportInput, query);
  if (week === undefined || week === '') return undefined;
  const window = windowOfWeek(week);
  if (!window.ok) throw new ApiError('request/invalid', window.error, { hint: 'Write it like 2026-W47, or leave it out for the last 7 days.' });
  return window.value;
}
