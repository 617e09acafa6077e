import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiError } from './api-error.js';
import { READERS, type Readers } from './readers.js';
import { readInput, windowInput, windowOf } from './request-input.js';

@Controller('/api/v1/services')
export class ServicesController {
  readonly #readers: Readers;

  constructor(@Inject(READERS) readers: Readers) {
    this.#readers = readers;
  }

  @Get()
  async list(@Query() query: unknown): Promise<unknown> {
    const window = windowOf(readInput(windowInput, query), this.#readers.clock.nowMs());
    return { from: new Date(window.fromMs).toISOString(), to: new Date(window.toMs).toISOString(), services: await this.#readers.services.services(window) };
  }

  @Get(':service')
  async one(@Param('service') service: string, @Query() query: unknown): Promise<unknown> {
    const window = windowOf(readInput(windowInput, query), this.#readers.clock.nowMs());
    const operations = await this.#readers.services.operations(service, window);
    if (operations.length === 0) throw new ApiError('service/not-found', `no requests of service "${service.slice(0, 100)}" in this window`, { hint: 'GET /api/v1/services lists those that have some.' });
    return { service, from: new Date(window.fromMs).toISOString(), to: new Date(window.toMs).toISOString(), operations };
  }
}
