import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req, UseFilters } from '@nestjs/common';
import { z } from 'zod';
import type { IncidentId } from '../lib/ids.js';
import { INCIDENT_ACTIONS, INCIDENT_READER, type IncidentActions } from './incident-actions.js';
import { IncidentApiError } from './incident-api-error.js';
import { readListInput } from './incident-list-input.js';
import type { IncidentReader } from './incident-reader.js';
import { heldJson, incidentJson, incidentSummaryJson } from './incident-view.js';
import { IncidentFilter } from './incident.filter.js';
import type { Incident } from './incident.js';
import { NOTE_MAX } from './person-actions.js';
import { SILENCE_ACTIONS, type SilenceActions } from './silence-actions.js';
import { readSilenceWish } from './silence-input.js';
import { refusalOf } from './silence.controller.js';

const noteInput = z.strictObject({ text: z.string().trim().min(1).max(NOTE_MAX) });
const mergeInput = z.strictObject({ into: z.string().max(200) });
const SHOWN_ID_MAX = 100;

/** The access guard writes down who asks; without tokens it is whoever sits at this machine. */
interface RequestOfSomeone {
  readonly actor?: string;
}

@Controller('/api/v1/incidents')
@UseFilters(IncidentFilter)
export class IncidentController {
  readonly #reader: IncidentReader;
  readonly #actions: IncidentActions;
  readonly #silences: SilenceActions;

  constructor(@Inject(INCIDENT_READER) reader: IncidentReader, @Inject(INCIDENT_ACTIONS) actions: IncidentActions, @Inject(SILENCE_ACTIONS) silences: SilenceActions) {
    this.#reader = reader;
    this.#actions = actions;
    this.#silences = silences;
  }

  @Get()
  async list(@Query() query: unknown): Promise<unknown> {
    const filter = readListInput(query);
    if (!filter.ok) throw new IncidentApiError('request/invalid', filter.error, 'For example /api/v1/incidents?status=open,acknowledged&limit=20');
    return { incidents: (await this.#reader.list(filter.value)).map(incidentSummaryJson) };
  }

  /** What has begun to fire and is no incident yet. */
  @Get('held')
  async held(): Promise<unknown> {
    return { held: (await this.#actions.held()).map(heldJson) };
  }

  @Get(':id')
  async one(@Param('id') id: string): Promise<unknown> {
    return incidentJson(await this.#find(id));
  }

  @Post(':id/acknowledge')
  @HttpCode(200)
  async acknowledge(@Param('id') id: string, @Req() request: RequestOfSomeone): Promise<unknown> {
    const { id: known } = await this.#find(id);
    const taken = await this.#actions.acknowledge(known, request.actor ?? 'local');
    if (taken === undefined) throw new IncidentApiError('incident/resolved', `Incident ${known} is resolved: there is nothing to take over.`, 'GET /api/v1/incidents?status=open,acknowledged lists what goes on.');
    return incidentJson(taken);
  }

  /** Resolving what is resolved is fine: the caller has what they wanted. */
  @Post(':id/resolve')
  @HttpCode(200)
  async resolve(@Param('id') id: string, @Req() request: RequestOfSomeone): Promise<unknown> {
    const found = await this.#find(id);
    return incidentJson((await this.#actions.resolve(found.id, request.actor ?? 'local')) ?? (await this.#find(id)));
  }

  /** What a person found or did, in their own words. */
  @Post(':id/notes')
  @HttpCode(200)
  async note(@Param('id') id: string, @Body() body: unknown, @Req() request: RequestOfSomeone): Promise<unknown> {
    const { id: known } = await this.#find(id);
    const wish = noteInput.safeParse(body);
    if (!wish.success) throw new IncidentApiError('request/invalid', `The body must hold a text of at most ${String(NOTE_MAX)} characters.`, 'For example {"text": "rolled back to 4.1"}');
    return incidentJson((await this.#actions.note(known, wish.data.text, request.actor ?? 'local')) ?? (await this.#find(id)));
  }

  /** It ends, and what fires in it goes on in the incident named by `into`. */
  @Post(':id/merge')
  @HttpCode(200)
  async merge(@Param('id') id: string, @Body() body: unknown, @Req() request: RequestOfSomeone): Promise<unknown> {
    const wish = mergeInput.safeParse(body);
    if (!wish.success) throw new IncidentApiError('request/invalid', 'The body must name the incident that it becomes part of.', 'For example {"into": "inc-20261120-030405-8e78"}');
    const [source, target] = [await this.#find(id), await this.#find(wish.data.into)];
    if (source.id === target.id) throw new IncidentApiError('request/invalid', 'An incident cannot be merged into itself.', 'Name another one that is open.');
    const merged = await this.#actions.merge(source.id, target.id, request.actor ?? 'local');
    if (merged === undefined) throw new IncidentApiError('incident/resolved', 'Only incidents that are open can be merged.', 'GET /api/v1/incidents?status=open,acknowledged lists what goes on.');
    return incidentJson(merged);
  }

  /** Nobody is told of what fires in it for so long; an upgrade to a page is. */
  @Post(':id/silence')
  @HttpCode(200)
  async silence(@Param('id') id: string, @Body() body: unknown, @Req() request: RequestOfSomeone): Promise<unknown> {
    const { id: known, status } = await this.#find(id);
    const wish = readSilenceWish(body, request.actor ?? 'local');
    if (!wish.ok) throw new IncidentApiError('request/invalid', wish.error, 'For example {"duration": "1h", "comment": "we are on it"}');
    if (status === 'resolved') throw new IncidentApiError('incident/resolved', `Incident ${known} is resolved: there is nothing to silence.`, 'POST /api/v1/silences makes a silence for what comes.');
    const silence = await this.#silences.silenceIncident(known, wish.value);
    if (!silence.ok) throw refusalOf(silence.error);
    return { silence: { id: silence.value.id, endsAt: new Date(silence.value.endsAtMs).toISOString() }, incident: incidentJson(await this.#find(id)) };
  }

  async #find(id: string): Promise<Incident> {
    const incident = await this.#reader.byId(id as IncidentId);
    if (incident === undefined) throw new IncidentApiError('incident/not-found', `There is no incident "${id.slice(0, SHOWN_ID_MAX)}".`, 'GET /api/v1/incidents lists them.');
    return incident;
  }
}
