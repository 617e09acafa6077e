import { Controller, Get, Inject, Query } from '@nestjs/common';
import { z } from 'zod';
import { DEFAULT_TOLERANCE, judgeCohorts } from '../diagnosis/judge-cohorts.js';
import { HOUR_MS } from '../lib/duration.js';
import { parseTraceql } from '../trace/traceql/parser.js';
import { compileToSql, type SqlCondition } from '../trace/traceql/sql.js';
import { ApiError } from './api-error.js';
import { READERS, type Readers } from './readers.js';
import { MAX_PARAMETER_LENGTH, readInput, windowInput, windowOf } from './request-input.js';

const cohort = z.string().min(1).max(MAX_PARAMETER_LENGTH);
const compareInput = windowInput.extend({ cohort, against: cohort, tolerance: z.coerce.number().min(0).max(10).optional(), significance: z.coerce.number().gt(0).max(0.5).optional() });

/** A canary, a version or a flag against a baseline: any two cohorts of requests. */
@Controller('/api/v1/compare')
export class CompareController {
  readonly #readers: Readers;

  constructor(@Inject(READERS) readers: Readers) {
    this.#readers = readers;
  }

  @Get()
  async compare(@Query() query: unknown): Promise<unknown> {
    const { cohort: ours, against, tolerance, significance, ...range } = readInput(compareInput, query);
    const window = windowOf(range, this.#readers.clock.nowMs(), HOUR_MS);
    const conditions = [conditionOf(ours), conditionOf(against)] as const;
    const [own, other] = await Promise.all(conditions.map((condition) => this.#readers.cohorts.requests({ condition, ...window })));
    const verdict = judgeCohorts(own ?? [], other ?? [], { latency: tolerance ?? DEFAULT_TOLERANCE.latency, significance: significance ?? DEFAULT_TOLERANCE.significance });
    return { cohort: ours, against, from: new Date(window.fromMs).toISOString(), to: new Date(window.toMs).toISOString(), ...verdict };
  }
}

function conditionOf(text: string): SqlCondition {
  const query = parseTraceql(text);
  if (query.ok) return compileToSql(query.value);
  const { message, hint, ...place } = query.error;
  throw new ApiError('traceql/invalid', message, { hint, extra: { ...place } });
}
