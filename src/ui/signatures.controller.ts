import { Controller, Get, Header, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { DAY_MS, formatDuration } from '../lib/duration.js';
import { ApiError } from '../query/api-error.js';
import { readInput, windowInput, windowOf } from '../query/request-input.js';
import { signatureDetail, signatureDetailJson, signatureJson, signatureViews, type SignatureDetail } from '../query/signature-view.js';
import type { TimeWindow } from '../query/time-window.js';
import { mostFirst } from '../signature/signature-life.js';
import type { TrackedSignature } from '../signature/tracked-signature.js';
import { chart, sparkline, type Chart } from './chart.js';
import type { PageReply, PageRequest } from './http-types.js';
import { rangesOf } from './ranges.js';
import { SITE, type Site } from './site.js';
import { UI_OPTIONS, type UiOptions } from './ui-options.js';
import { formatNumber } from './words.js';

const RANGES = ['1h', '6h', '1d', '7d'];
const DECISIONS: Readonly<Record<string, 'resolved' | 'ignored' | 'reopened'>> = { resolve: 'resolved', ignore: 'ignored', reopen: 'reopened' };
const SHOWN = 200;

/** Failures by kind, for programs. */
@Controller('/api/v1/signatures')
export class SignaturesController {
  readonly #options: UiOptions;

  constructor(@Inject(UI_OPTIONS) options: UiOptions) {
    this.#options = options;
  }

  @Get()
  list(@Query() query: unknown): unknown {
    const { signatures, clock } = this.#options.readers;
    const window = windowFrom(query, clock.nowMs());
    return { from: new Date(window.fromMs).toISOString(), to: new Date(window.toMs).toISOString(), readTo: new Date(signatures.readToMs()).toISOString(), signatures: signatureViews(signatures, window, clock.nowMs()).map(signatureJson) };
  }

  @Get(':id')
  one(@Param('id') id: string, @Query() query: unknown): unknown {
    return signatureDetailJson(detailOf(this.#options, id, query));
  }

  @Post(':id/:action')
  @HttpCode(200)
  async act(@Req() request: PageRequest): Promise<unknown> {
    return signatureDetailJson(detailOf(this.#options, await act(this.#options, request), {}));
  }
}

/** The same for people. */
@Controller('/signatures')
export class SignaturePageController {
  readonly #site: Site;

  constructor(@Inject(SITE) site: Site) {
    this.#site = site;
  }

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  list(@Query() query: unknown): string {
    const { signatures, clock } = this.#site.readers;
    const window = windowFrom(query, clock.nowMs());
    const views = signatureViews(signatures, window, clock.nowMs());
    return this.#site.render({
      template: 'signatures', title: 'Errors', section: 'signatures', refreshSeconds: 5, ...rangesOf(window, RANGES), count: views.length, readToMs: signatures.readToMs(),
      rows: views.slice(0, SHOWN).map((view) => ({ ...view, line: sparkline(view.line) })),
    });
  }

  @Get(':id')
  @Header('content-type', 'text/html; charset=utf-8')
  one(@Param('id') id: string, @Query() query: unknown): string {
    const detail = detailOf(this.#site, id, query);
    const { signature } = detail;
    const window = windowFrom(query, this.#site.readers.clock.nowMs());
    const known = (ids: readonly string[]): readonly TrackedSignature[] => ids.flatMap((each) => this.#site.readers.signatures.byId(each) ?? []);
    return this.#site.render({
      template: 'signature', title: signature.type, section: 'signatures', ...rangesOf(window, RANGES), ...detail, chart: failureChart(detail, window), earlier: known(signature.earlierIds), later: known([...signature.laterIds, ...(signature.decision?.into === undefined ? [] : [signature.decision.into])]),
      affected: [...affected(['Requests that fail', 'Request'], signature.operations, signature.total), ...affected(['Versions', 'Version'], signature.versions, signature.total), ...affected(['Tenants', 'Tenant'], signature.tenants, signature.total)],
    });
  }

  @Post(':id/:action')
  async act(@Req() request: PageRequest, @Res() reply: PageReply): Promise<void> {
    await reply.redirect(`/signatures/${encodeURIComponent(await act(this.#site, request))}`, 303);
  }
}

function failureChart({ line, lineStepMs, signature: { firstSeenMs, regressedAtMs } }: SignatureDetail, { toMs }: TimeWindow): Chart {
  const markers = [{ atMs: firstSeenMs, label: 'first seen', style: 'ticket' }, ...(regressedAtMs === undefined ? [] : [{ atMs: regressedAtMs, label: 'came back', style: 'page' }])];
  return chart({
    title: `Failed requests per ${formatDuration(lineStepMs)}`, times: line.map((_, step) => toMs - (line.length - 1 - step) * lineStepMs), markers, format: formatNumber, atLeast: [0, 1],
    series: [{ label: 'failed', style: 'bad', area: true, values: line }],
  });
}

/** Rows of each table. */
const AFFECTED = 20;

/** The most frequent ones. Shares are of all its failures, for some have no version or tenant. Keys of an object are in an order of their own where they are numbers. */
function affected([title, column]: readonly [title: string, column: string], counts: Readonly<Record<string, number>>, total: number): readonly Record<string, unknown>[] {
  const rows = mostFirst(Object.entries(counts)).slice(0, AFFECTED).map(([name, count]) => ({ name, count, share: count / total }));
  return rows.length === 0 ? [] : [{ title, column, rows }];
}

function windowFrom(query: unknown, nowMs: number): TimeWindow {
  return windowOf(readInput(windowInput, query), nowMs, DAY_MS);
}

function detailOf({ readers }: UiOptions, id: string, query: unknown): SignatureDetail {
  const nowMs = readers.clock.nowMs();
  const detail = signatureDetail(readers.signatures, id, { window: windowFrom(query, nowMs), nowMs });
  if (detail === undefined) throw notFound(id);
  return detail;
}

function notFound(id: string): ApiError {
  return new ApiError('signature/not-found', `There is no error signature "${id.slice(0, 100)}".`, { hint: 'GET /api/v1/signatures lists those that were seen.' });
}

function intoOf(body: unknown): string {
  const into = typeof body === 'object' && body !== null && 'into' in body ? body.into : undefined;
  return typeof into === 'string' ? into : '';
}

/** Does what `/{id}/{action}` asks for; resolves to the id. */
async function act({ signatureActions }: UiOptions, request: PageRequest): Promise<string> {
  const { id, action } = request.params as { readonly id: string; readonly action: string };
  const [actor, into] = [request.actor ?? 'local', intoOf(request.body)];
  const decision = DECISIONS[action];
  if (action !== 'merge' && decision === undefined) throw new ApiError('request/not-found', 'There is nothing at this address.', { hint: 'A signature can be resolved, ignored, reopened or merged.' });
  const changed = decision === undefined ? await signatureActions.merge(id, into, actor) : await signatureActions.decide(id, decision, actor);
  if (!changed) throw notFound(action === 'merge' && into !== '' ? into : id);
  return id;
}
