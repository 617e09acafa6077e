import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { DAY_MS } from '../lib/duration.js';
import { ApiError } from './api-error.js';
import { exclusionLogJson, exclusionsJson } from './exclusions-view.js';
import { historyJson, readHistory } from './history-view.js';
import { READERS, type Readers } from './readers.js';
import { historyInput, readInput, windowOf } from './request-input.js';
import { revisionsJson } from './revisions-view.js';
import { sloJson, sloView, sloViews, type SloView } from './slo-view.js';

@Controller('/api/v1/slos')
export class SlosController {
  readonly #readers: Readers;

  constructor(@Inject(READERS) readers: Readers) {
    this.#readers = readers;
  }

  @Get()
  list(): unknown {
    return { slos: sloViews(this.#readers.slos).map(sloJson) };
  }

  @Get(':name')
  one(@Param('name') name: string): unknown {
    const view = this.#find(name);
    return { ...sloJson(view), ...exclusionsJson(view) };
  }

  @Get(':name/history')
  async history(@Param('name') name: string, @Query() query: unknown): Promise<unknown> {
    const { slo } = this.#find(name);
    const { revision, ...range } = readInput(historyInput, query);
    const window = windowOf(range, this.#readers.clock.nowMs(), DAY_MS);
    return historyJson(slo, await readHistory(this.#readers, slo, { ...window, revision }));
  }

  @Get(':name/exclusions')
  async exclusions(@Param('name') name: string): Promise<unknown> {
    const { slo } = this.#find(name);
    return exclusionLogJson(slo.name, await this.#readers.revisions.exclusionLog(slo.name));
  }

  @Get(':name/revisions')
  async revisions(@Param('name') name: string): Promise<unknown> {
    const { slo } = this.#find(name);
    return revisionsJson(slo, await this.#readers.revisions.revisions(slo.name));
  }

  #find(name: string): SloView {
    const view = sloView(this.#readers.slos, name);
    if (view === undefined) throw new ApiError('slo/not-found', `there is no SLO "${name.slice(0, 100)}"`, { hint: 'GET /api/v1/slos lists them.' });
    return view;
  }
}
