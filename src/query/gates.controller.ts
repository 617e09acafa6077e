import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { ApiError } from './api-error.js';
import { gateJson, judgeGate } from './gate-view.js';
import { READERS, type Readers } from './readers.js';
import { readInput } from './request-input.js';

const MAX_VERSION_LENGTH = 200;
const gateInput = z.object({ version: z.string().min(1).max(MAX_VERSION_LENGTH).optional() });

@Controller('/api/v1/gates')
export class GatesController {
  readonly #readers: Readers;

  constructor(@Inject(READERS) readers: Readers) {
    this.#readers = readers;
  }

  @Get(':slo')
  async gate(@Param('slo') name: string, @Query() query: unknown): Promise<unknown> {
    const { version } = readInput(gateInput, query);
    const judged = await judgeGate(this.#readers, name, version);
    if (judged === undefined) throw new ApiError('slo/not-found', `there is no SLO "${name.slice(0, 100)}"`, { hint: 'GET /api/v1/slos lists them; right after a start there are none until the first evaluation.' });
    return gateJson(judged);
  }
}
