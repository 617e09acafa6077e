import { Controller, Get, Header, HttpStatus, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiError } from '../query/api-error.js';
import type { PageReply, PageRequest } from './http-types.js';
import { previewOf, readForm, silenceRows, wishOf, type SilenceForm } from './silence-page.js';
import { SITE, type Site } from './site.js';

const SHOWN_MAX = 200;

/** What is silent, and how to make it so: first looked at, then made. */
@Controller('/silences')
export class SilencePageController {
  readonly #site: Site;

  constructor(@Inject(SITE) site: Site) {
    this.#site = site;
  }

  /** With matchers it previews them, and keeps nothing. */
  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  page(@Query() query: unknown): Promise<string> {
    return this.#page(readForm(query));
  }

  @Post()
  async make(@Req() request: PageRequest, @Res() reply: PageReply): Promise<void> {
    const form = readForm(request.body);
    const wish = wishOf(form, { actor: request.actor ?? 'local', nowMs: this.#site.readers.clock.nowMs() });
    const made = wish.ok ? await this.#site.silences.set(wish.value) : wish;
    if (made.ok) await reply.redirect('/silences', 303);
    else await reply.status(HttpStatus.BAD_REQUEST).type('text/html; charset=utf-8').send(await this.#page(form, typeof made.error === 'string' ? made.error : made.error.message));
  }

  @Post(':id/expire')
  async expire(@Param('id') id: string, @Res() reply: PageReply): Promise<void> {
    const ended = await this.#site.silences.expire(id);
    if (ended === undefined) throw new ApiError('silence/not-found', `There is no silence "${id.slice(0, 100)}".`, { hint: 'The list of silences has all that are kept.' });
    await reply.redirect('/silences', 303);
  }

  async #page(form: SilenceForm, refused?: string): Promise<string> {
    const { silences, readers } = this.#site;
    const nowMs = readers.clock.nowMs();
    const [all, firing] = [await silences.list(), await silences.firing()];
    const asked = form.matchers !== '';
    const wish = wishOf(form, { actor: 'preview', nowMs });
    const preview = !asked ? undefined : wish.ok ? previewOf(form.comment === '' ? { ...wish.value, comment: 'preview' } : wish.value, all, { firing, nowMs }) : wish;
    const problem = refused ?? (preview?.ok === false ? preview.error : undefined);
    return this.#site.render({
      template: 'silences', title: 'Silences', section: 'incidents', form, problem, preview: preview?.ok === true ? preview.value : undefined,
      silences: silenceRows(all, firing, nowMs).slice(0, SHOWN_MAX), count: all.length,
    });
  }
}
