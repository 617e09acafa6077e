import { Controller, Get, Header, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { PatternFinding } from '../diagnosis/pattern/pattern.js';
import { heldInWords } from '../incident/held-opening.js';
import type { Incident } from '../incident/incident.js';
import { NOTE_MAX } from '../incident/person-actions.js';
import { DAY_MS, HOUR_MS } from '../lib/duration.js';
import type { IncidentId } from '../lib/ids.js';
import type { DeadLetter } from '../notify/outbox.js';
import { isUnproven } from '../pipeline/late-evidence.js';
import { ApiError } from '../query/api-error.js';
import type { PageReply, PageRequest } from './http-types.js';
import { decisionRows } from './decision-rows.js';
import { aroundStart, changeRows } from './incident-changes.js';
import { incidentCard, openCards } from './incident-cards.js';
import { incidentPage, patternRow } from './incident-page.js';
import { renderMarkdown } from './markdown.js';
import { SITE, type Site } from './site.js';
import { integrationInWords } from './words.js';
import type { RenderedRunbook } from './ui-options.js';

const LIST_LIMIT = 200;
/** Open incidents that one may be merged into, the newest. */
const MERGE_TARGETS = 50;
const DEAD_LETTERS_SHOWN = 10;
const HELD_SHOWN = 20;

/** What cannot be sent again is worth a day's notice, the rest a week's; the API lists all. */
function isNews({ delivery: { createdAtMs }, overtaken }: DeadLetter, nowMs: number): boolean {
  return nowMs - createdAtMs < (overtaken ? DAY_MS : 7 * DAY_MS);
}

function deadLetterRow({ delivery, overtaken }: DeadLetter): Record<string, unknown> {
  const { id, incidentId, receiver, integration, transition, createdAtMs, lastError, attempts } = delivery;
  return { id, incidentId, title: transition.incident.title, news: transition.kind, receiver, integration: integrationInWords(integration), createdAtMs, error: lastError ?? 'refused', attempts, overtaken };
}

@Controller('/incidents')
export class IncidentPageController {
  readonly #site: Site;

  constructor(@Inject(SITE) site: Site) {
    this.#site = site;
  }

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  async list(@Query('show') show: string | undefined): Promise<string> {
    const { readers } = this.#site;
    const onlyOpen = show === 'open';
    const deadLetters = onlyOpen ? [] : (await this.#site.deadLetters.list()).filter((each) => isNews(each, readers.clock.nowMs()));
    const held = await this.#site.actions.held();
    const incidents = await readers.incidents.list({ limit: LIST_LIMIT, ...(onlyOpen ? { status: ['open', 'acknowledged'] } : {}) });
    return this.#site.render({
      template: 'incidents', title: 'Incidents', section: 'incidents', refreshSeconds: 10, onlyOpen, limit: LIST_LIMIT,
      incidents: onlyOpen ? openCards(incidents, readers.slos) : incidents.map((incident) => incidentCard(incident, readers.slos)), deadLetters: deadLetters.slice(0, DEAD_LETTERS_SHOWN).map(deadLetterRow), deadLetterCount: deadLetters.length,
      held: held.slice(0, HELD_SHOWN).map((each) => ({ title: each.title, words: heldInWords(each) })), heldCount: held.length,
    });
  }

  @Get(':id')
  @Header('content-type', 'text/html; charset=utf-8')
  async incident(@Param('id') id: string): Promise<string> {
    const incident = await this.#find(id);
    const runbook = await this.#runbookOf(incident);
    const open = incident.status === 'resolved' ? [] : await this.#site.readers.incidents.list({ limit: MERGE_TARGETS, status: ['open', 'acknowledged'] });
    return this.#site.render({
      template: 'incident', title: incident.title, section: 'incidents', refreshSeconds: incident.status === 'resolved' ? undefined : 15,
      mergeTargets: open.filter(({ id: other }) => other !== incident.id).map(({ id: other, title }) => ({ id: other, title })),
      ...incidentPage(incident, this.#site.readers.slos), isLookedFor: isUnproven(incident, this.#site.readers.clock.nowMs()), patterns: await this.#patternsOf(incident),
      signatureKnown: this.#site.readers.signatures.byId(incident.evidence?.signature?.id ?? '') !== undefined,
      changes: changeRows(await this.#site.readers.changes.list(aroundStart(incident)), incident),
      decisions: decisionRows(await this.#site.decisions.ofIncident(incident.id), incident),
      runbook: runbook === undefined ? undefined : { title: runbook.title, html: renderMarkdown(withoutTitle(runbook)) },
    });
  }

  @Post(':id/acknowledge')
  async acknowledge(@Param('id') id: string, @Req() request: PageRequest, @Res() reply: PageReply): Promise<void> {
    const incident = await this.#find(id);
    await this.#site.actions.acknowledge(incident.id, request.actor ?? 'local');
    await reply.redirect(`/incidents/${encodeURIComponent(incident.id)}`, 303);
  }

  @Post(':id/resolve')
  async resolve(@Param('id') id: string, @Req() request: PageRequest, @Res() reply: PageReply): Promise<void> {
    const incident = await this.#find(id);
    await this.#site.actions.resolve(incident.id, request.actor ?? 'local');
    await reply.redirect(`/incidents/${encodeURIComponent(incident.id)}`, 303);
  }

  @Post(':id/merge')
  async merge(@Param('id') id: string, @Req() request: PageRequest, @Res() reply: PageReply): Promise<void> {
    const incident = await this.#find(id);
    const { into } = (request.body ?? {}) as { readonly into?: unknown };
    const target = await this.#find(typeof into === 'string' ? into : '');
    const merged = await this.#site.actions.merge(incident.id, target.id, request.actor ?? 'local');
    await reply.redirect(`/incidents/${encodeURIComponent(merged === undefined ? incident.id : target.id)}`, 303);
  }

  @Post(':id/notes')
  async note(@Param('id') id: string, @Req() request: PageRequest, @Res() reply: PageReply): Promise<void> {
    const incident = await this.#find(id);
    const { text } = (request.body ?? {}) as { readonly text?: unknown };
    const written = typeof text === 'string' ? text.trim() : '';
    if (written === '' || written.length > NOTE_MAX) throw new ApiError('request/invalid', `A note has 1 to ${String(NOTE_MAX)} characters.`, { hint: 'Go back and write it shorter.' });
    await this.#site.actions.note(incident.id, written, request.actor ?? 'local');
    await reply.redirect(`/incidents/${encodeURIComponent(incident.id)}#timeline`, 303);
  }

  @Post(':id/silence')
  async silence(@Param('id') id: string, @Req() request: PageRequest, @Res() reply: PageReply): Promise<void> {
    const incident = await this.#find(id);
    await this.#site.silences.silenceIncident(incident.id, { durationMs: HOUR_MS, comment: 'silenced from the incident\'s page', createdBy: request.actor ?? 'local' });
    await reply.redirect(`/incidents/${encodeURIComponent(incident.id)}`, 303);
  }

  async #find(id: string): Promise<Incident> {
    const incident = await this.#site.readers.incidents.byId(id as IncidentId);
    if (incident === undefined) throw new ApiError('incident/not-found', `There is no incident "${id.slice(0, 100)}".`, { hint: 'The list of incidents has all that are stored.' });
    return incident;
  }

  /** Each with the runbook that is for it. */
  async #patternsOf(incident: Incident): Promise<Record<'telling' | 'others', Record<string, unknown>[]>> {
    const rows: Record<'telling' | 'others', Record<string, unknown>[]> = { telling: [], others: [] };
    for (const pattern of incident.evidence?.patterns ?? []) {
      const runbook = await this.#runbookOf(incident, pattern);
      // With nothing to compare with, all of them are worth a look.
      rows[pattern.explains || pattern.healthyOf === 0 ? 'telling' : 'others'].push({ ...patternRow(pattern), runbook: runbook === undefined ? undefined : { title: runbook.title, html: renderMarkdown(withoutTitle(runbook)) } });
    }
    return rows;
  }

  /** A runbook that cannot be rendered must not take the incident's page down with it. */
  async #runbookOf(incident: Incident, pattern?: PatternFinding): Promise<RenderedRunbook | undefined> {
    try {
      return await this.#site.runbookFor(incident, pattern);
    } catch (error) {
      this.#site.reportError(error, `/incidents/${incident.id}`);
      return { title: incident.runbook ?? 'Runbook', markdown: `The runbook could not be rendered. Open \`runbooks/${incident.runbook ?? ''}.md\` and run \`tocsin check\`.` };
    }
  }
}

/** The page has the title in its own heading; a runbook that begins with the same one would say it twice. */
function withoutTitle({ title, markdown }: RenderedRunbook): string {
  const [, heading, rest] = /^\s*# +(.+?) *#* *(?:\n([\s\S]*))?$/.exec(markdown) ?? [];
  return heading === title ? (rest ?? '') : markdown;
}
