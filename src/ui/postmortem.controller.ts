import { Controller, Get, Header, Inject, Param } from '@nestjs/common';
import type { IncidentId } from '../lib/ids.js';
import { ApiError } from '../query/api-error.js';
import { readPostmortem } from '../report/read-postmortem.js';
import { UI_OPTIONS, type UiOptions } from './ui-options.js';

/** Stands beside the API of incidents, because the draft links to pages. */
@Controller('/api/v1/incidents')
export class PostmortemController {
  readonly #options: UiOptions;

  constructor(@Inject(UI_OPTIONS) options: UiOptions) {
    this.#options = options;
  }

  /** Markdown. */
  @Get(':id/postmortem')
  @Header('content-type', 'text/markdown; charset=utf-8')
  async draft(@Param('id') id: string): Promise<string> {
    const { readers, address } = this.#options;
    const incident = await readers.incidents.byId(id as IncidentId);
    if (incident === undefined) throw new ApiError('incident/not-found', `There is no incident "${id.slice(0, 100)}".`, { hint: 'GET /api/v1/incidents lists them.' });
    return readPostmortem(readers, incident, address.publicUrl);
  }
}
