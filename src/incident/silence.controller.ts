import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query, Req, UseFilters } from '@nestjs/common';
import type { Clock } from '../lib/clock.js';
import { INCIDENT_CLOCK } from './incident-actions.js';
import { IncidentApiError } from './incident-api-error.js';
import { IncidentFilter } from './incident.filter.js';
import { SILENCE_ACTIONS, type SilenceActions } from './silence-actions.js';
import { readSilenceInput } from './silence-input.js';
import { setSilence, type SilenceRefusal } from './silence-rules.js';
import { heldJson, silenceJson } from './silence-view.js';

interface RequestOfSomeone {
  readonly actor?: string;
}

const HINT = 'For example {"matchers": "service=\\"checkout\\"", "duration": "2h", "comment": "deploy of 14:00"}';

@Controller('/api/v1/silences')
@UseFilters(IncidentFilter)
export class SilenceController {
  readonly #actions: SilenceActions;
  readonly #clock: Clock;

  constructor(@Inject(SILENCE_ACTIONS) actions: SilenceActions, @Inject(INCIDENT_CLOCK) clock: Clock) {
    this.#actions = actions;
    this.#clock = clock;
  }

  @Get()
  async list(): Promise<unknown> {
    const firing = await this.#actions.firing();
    return { silences: (await this.#actions.list()).map((silence) => silenceJson(silence, firing, this.#clock.nowMs())) };
  }

  @Get(':id')
  async one(@Param('id') id: string): Promise<unknown> {
    const silence = (await this.#actions.list()).find((candidate) => candidate.id === id);
    if (silence === undefined) throw notFound(id);
    return silenceJson(silence, await this.#actions.firing(), this.#clock.nowMs());
  }

  /** With `?preview=1` nothing is kept: the answer says what would be held back. */
  @Post()
  @HttpCode(200)
  async set(@Body() body: unknown, @Query('preview') preview: string | undefined, @Req() request: RequestOfSomeone): Promise<unknown> {
    const nowMs = this.#clock.nowMs();
    const wanted = readSilenceInput(body, { actor: request.actor ?? 'local', nowMs });
    if (!wanted.ok) throw new IncidentApiError('request/invalid', wanted.error, HINT);
    const firing = await this.#actions.firing();
    if (preview !== undefined && preview !== '0') {
      const known = new Map((await this.#actions.list()).map((silence) => [silence.id, silence]));
      const made = setSilence(wanted.value, known, nowMs);
      if (!made.ok) throw refusalOf(made.error);
      return { preview: true, matches: made.value.slice(-1).flatMap((silence) => heldJson(silence, firing)) };
    }
    const set = await this.#actions.set(wanted.value);
    if (!set.ok) throw refusalOf(set.error);
    return silenceJson(set.value, firing, nowMs);
  }

  @Delete(':id')
  @HttpCode(200)
  async expire(@Param('id') id: string): Promise<unknown> {
    const ended = await this.#actions.expire(id);
    if (ended === undefined) throw notFound(id);
    return silenceJson(ended, await this.#actions.firing(), this.#clock.nowMs());
  }
}

export function refusalOf({ kind, message }: SilenceRefusal): IncidentApiError {
  return kind === 'not-found' ? new IncidentApiError('silence/not-found', message, 'GET /api/v1/silences lists them.') : new IncidentApiError('request/invalid', message, HINT);
}

function notFound(id: string): IncidentApiError {
  return new IncidentApiError('silence/not-found', `There is no silence "${id.slice(0, 100)}".`, 'GET /api/v1/silences lists them.');
}
