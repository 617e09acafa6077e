import { randomUUID } from 'node:crypto';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { z } from 'zod';
import { ApiError } from './api-error.js';
import { erasureJson } from './erasure.js';
import { READERS, type Readers } from './readers.js';
import { readInput } from './request-input.js';

const MAX_TEXT = 1_024;

const erasureInput = z.strictObject({
  attribute: z.string().min(1).max(MAX_TEXT),
  value: z.string().min(1).max(MAX_TEXT),
  reason: z.string().trim().min(1).max(MAX_TEXT),
});

/** The right to erasure: whole traces in which a value comes up. */
@Controller('/api/v1/erasures')
export class ErasuresController {
  readonly #readers: Readers;

  constructor(@Inject(READERS) readers: Readers) {
    this.#readers = readers;
  }

  @Get()
  async list(): Promise<unknown> {
    return { erasures: (await this.#readers.erasures.list()).map(erasureJson) };
  }

  @Get(':id')
  async one(@Param('id') id: string): Promise<unknown> {
    const erasure = await this.#readers.erasures.one(id);
    if (erasure === undefined) throw new ApiError('erasure/not-found', `there is no erasure ${id}`, { hint: 'GET /api/v1/erasures lists them' });
    return erasureJson(erasure);
  }

  @Post()
  @HttpCode(202)
  async ask(@Body() body: unknown, @Req() request: { readonly actor?: string }): Promise<unknown> {
    const input = readInput(erasureInput, body);
    return erasureJson(await this.#readers.erasures.ask({ ...input, id: randomUUID(), askedBy: request.actor ?? 'api', askedAtMs: this.#readers.clock.nowMs() }));
  }
}
