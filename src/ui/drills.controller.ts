import { Body, Controller, Get, Header, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { z } from 'zod';
import { drillJson, drillRunJson, type DrillRefusal } from '../notify/drill-view.js';
import { deliveryMs, outcomeOf, runInWords, type DrillOutcome, type DrillRun, type DrillStatus } from '../notify/drill.js';
import { ApiError } from '../query/api-error.js';
import type { PageReply, PageRequest } from './http-types.js';
import { SITE, type Site } from './site.js';
import { UI_OPTIONS, type UiOptions } from './ui-options.js';

const RECEIVERS_MAX = 50;
const wishInput = z.strictObject({ receivers: z.array(z.string().min(1).max(256)).min(1).max(RECEIVERS_MAX).optional() });

/** Tests of receivers, for programs. */
@Controller('/api/v1/drills')
export class DrillsController {
  readonly #options: UiOptions;

  constructor(@Inject(UI_OPTIONS) options: UiOptions) {
    this.#options = options;
  }

  @Get()
  async list(): Promise<unknown> {
    return { drills: (await this.#options.drills.statuses()).map(drillJson) };
  }

  /** Those that are named, or all. */
  @Post()
  @HttpCode(202)
  async start(@Body() body: unknown, @Req() request: PageRequest): Promise<unknown> {
    const wish = wishInput.safeParse(body ?? {});
    if (!wish.success) throw new ApiError('request/invalid', 'The body may name receivers, and nothing else.', { hint: 'For example {"receivers": ["on-call"]}; without a body all are drilled.' });
    const started = await this.#options.drills.start({ receivers: wish.data.receivers, by: request.actor ?? 'local' });
    if (!started.ok) throw refusalOf(started.error);
    return { drills: started.value.map(drillRunJson) };
  }
}

const formInput = z.object({ receiver: z.string().min(1).max(256) });

@Controller('/drills')
export class DrillPageController {
  readonly #site: Site;

  constructor(@Inject(SITE) site: Site) {
    this.#site = site;
  }

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  async page(): Promise<string> {
    const rows = (await this.#site.drills.statuses()).map(drillRow);
    return this.#site.render({ template: 'drills', title: 'Drills', section: 'incidents', rows, refreshSeconds: 10 });
  }

  @Post()
  async start(@Body() body: unknown, @Req() request: PageRequest, @Res() reply: PageReply): Promise<void> {
    const form = formInput.safeParse(body);
    if (!form.success) throw new ApiError('request/invalid', 'No receiver was named.', { hint: 'Use the buttons of the page.' });
    const started = await this.#site.drills.start({ receivers: [form.data.receiver], by: request.actor ?? 'local' });
    if (!started.ok) throw refusalOf(started.error);
    await reply.redirect('/drills', 303);
  }
}

function refusalOf({ kind, message }: DrillRefusal): ApiError {
  return kind === 'not-found' ? new ApiError('drill/not-found', message, { hint: 'GET /api/v1/drills lists what can be drilled.' }) : new ApiError('drill/under-way', message, { hint: 'GET /api/v1/drills says what became of it.' });
}

const STYLE = { waiting: 'no-data', 'in-time': 'ok', late: 'ticket', failed: 'page', held: 'no-data' } as const satisfies Readonly<Record<DrillOutcome, string>>;
const WORDS = { waiting: 'On its way', 'in-time': 'Arrived', late: 'Late', failed: 'Failed', held: 'Held back' } as const satisfies Readonly<Record<DrillOutcome, string>>;

function drillRow({ drill, receiver, withinMs, target, nextAtMs, last, runs, inTime, sli, budgetRemaining }: DrillStatus): Readonly<Record<string, unknown>> {
  return { drill, receiver, withinMs, target, nextAtMs, runs, inTime, sli, budgetRemaining, last: last === undefined ? undefined : runRow(last), canStart: last === undefined || last.endedAtMs !== undefined };
}

function runRow(run: DrillRun): Readonly<Record<string, unknown>> {
  const outcome = outcomeOf(run);
  return { id: run.id, atMs: run.startedAtMs, by: run.by, style: STYLE[outcome], outcome: WORDS[outcome], words: runInWords(run), tookMs: deliveryMs(run) };
}
