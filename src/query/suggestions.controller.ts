import { Controller, Get, Inject, Query } from '@nestjs/common';
import { DAY_MS } from '../lib/duration.js';
import { READERS, type Readers } from './readers.js';
import { readInput, windowInput, windowOf } from './request-input.js';
import { suggestSlos } from './suggest-slos.js';

const DEFAULT_RANGE_MS = 7 * DAY_MS;

@Controller('/api/v1/suggestions')
export class SuggestionsController {
  readonly #readers: Readers;

  constructor(@Inject(READERS) readers: Readers) {
    this.#readers = readers;
  }

  @Get()
  async suggest(@Query() query: unknown): Promise<unknown> {
    const window = windowOf(readInput(windowInput, query), this.#readers.clock.nowMs(), DEFAULT_RANGE_MS);
    const existing = new Set(this.#readers.slos.statuses().map(({ slo }) => slo));
    const suggestions = suggestSlos(await this.#readers.operations.entryOperations(window), { existing });
    return { from: new Date(window.fromMs).toISOString(), to: new Date(window.toMs).toISOString(), suggestions: suggestions.map(({ slos, ...rest }) => ({ ...rest, slos: slos.map((slo) => ({ ...slo, thresholdMs: slo.thresholdMs ?? null })) })) };
  }
}
