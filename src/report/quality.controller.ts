import { Controller, Get, Inject, Query } from '@nestjs/common';
import { z } from 'zod';
import { ApiError } from '../query/api-error.js';
import { readInput } from '../query/request-input.js';
import { jaegerQualityMetrics } from './quality-jaeger-view.js';
import type { ReportWindow } from './quality-reader.js';
import { qualityReportView, type QualityReportView } from './quality-report-view.js';
import type { QualityService } from './quality-service.js';
import { windowOfWeek } from './quality-week.js';

export const QUALITY = Symbol('QualityService');

const reportInput = z.strictObject({ week: z.string().max(16).optional() });
const jaegerInput = z.looseObject({ service: z.string().max(255).default(''), hours: z.string().optional() });

@Controller()
export class QualityController {
  readonly #quality: Pick<QualityService, 'report'>;

  constructor(@Inject(QUALITY) quality: Pick<QualityService, 'report'>) {
    this.#quality = quality;
  }

  @Get('/api/v1/quality')
  async report(@Query() query: unknown): Promise<QualityReportView> {
    return qualityReportView(await this.#quality.report(weekAsked(query)));
  }

  /** What Jaeger's own server answers with made-up numbers. */
  @Get('/jaeger/api/quality-metrics')
  async jaeger(@Query() query: unknown): Promise<Record<string, unknown>> {
    return jaegerQualityMetrics(await this.#quality.report(undefined), readInput(jaegerInput, query).service);
  }
}

/** Undefined where no week was named. */
export function weekAsked(query: unknown): ReportWindow | undefined {
  const { week } = readInput(reportInput, query);
  if (week === undefined || week === '') return undefined;
  const window = windowOfWeek(week);
  if (!window.ok) throw new ApiError('request/invalid', window.error, { hint: 'Write it like 2026-W47, or leave it out for the last 7 days.' });
  return window.value;
}
