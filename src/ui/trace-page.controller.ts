import { Controller, Get, Header, Inject, Param, Query } from '@nestjs/common';
import { ApiError } from '../query/api-error.js';
import { readTraceId } from '../query/request-input.js';
import type { StoredTrace } from '../query/trace-reader.js';
import { followLinks, linksTo } from '../query/linked-spans.js';
import type { Span } from '../trace/span.js';
import { traceAsCurl } from './copy-as.js';
import { linksOut } from './link-out.js';
import { spanPanel, tracePage, type DrawnTrace } from './trace-page.js';
import { SITE, type Site } from './site.js';
import { waterfall } from './waterfall.js';

/** So old a trace's panels may be beside its page; late spans come at most this much later. */
const RECENT_MS = 30_000;

@Controller('/traces')
export class TracePageController {
  readonly #site: Site;
  /** The trace that was drawn last. */
  #last: (DrawnTrace & { readonly atMs: number }) | undefined;

  constructor(@Inject(SITE) site: Site) {
    this.#site = site;
  }

  @Get(':traceId')
  @Header('content-type', 'text/html; charset=utf-8')
  async trace(@Param('traceId') id: string, @Query('span') spanId: string | undefined, @Query('clocks') clocks: string | undefined): Promise<string> {
    const drawn = await this.#draw(id, clocks === 'sent');
    const { trace } = drawn;
    const selected = typeof spanId === 'string' ? trace.spans.find((span) => span.spanId === spanId.toLowerCase()) : undefined;
    const root = trace.spans.find((span) => span.parentSpanId === '') ?? trace.spans[0];
    return this.#site.render({
      template: 'trace', title: root === undefined ? `Trace ${trace.traceId}` : `${root.serviceName}: ${root.name}`, section: 'traces',
      ...tracePage(drawn, selected), ...(selected === undefined ? {} : await this.#around(selected)),
      curl: traceAsCurl(this.#site.address.publicUrl, trace.traceId, this.#site.access.tokensRequired),
      spanMissing: spanId !== undefined && selected === undefined,
    });
  }

  /** The panel of one span, for the script of the waterfall. */
  @Get(':traceId/spans/:spanId')
  @Header('content-type', 'text/html; charset=utf-8')
  async span(@Param('traceId') id: string, @Param('spanId') spanId: string, @Query('clocks') clocks: string | undefined): Promise<string> {
    const { trace, shown, asSent } = this.#recent(id, clocks === 'sent') ?? await this.#draw(id, clocks === 'sent');
    const span = trace.spans.find((candidate) => candidate.spanId === spanId.toLowerCase());
    if (span === undefined) throw new ApiError('span/not-found', `Span ${spanId.slice(0, 32)} is not stored in this trace.`);
    return this.#site.renderAlone('span-panel', { trace, asSent, selected: spanPanel(trace, span, shown), ...(await this.#around(span)) });
  }

  /** What a span is connected to beyond its trace. */
  async #around(span: Span): Promise<Record<string, unknown>> {
    const { traces } = this.#site.readers;
    const [followed, linkedFrom] = await Promise.all([followLinks(traces, span), linksTo(traces, span)]);
    return { followed: Object.fromEntries(followed), linkedFrom, linksOut: linksOut(this.#site.links, span), spanUrl: `${this.#site.address.publicUrl}/traces/${span.traceId}?span=${span.spanId}` };
  }

  async #draw(id: string, asSent: boolean): Promise<DrawnTrace> {
    const trace = await this.#read(id);
    const drawn = { trace, asSent, shown: waterfall(trace, { asSent }) };
    this.#last = { ...drawn, atMs: this.#site.readers.clock.nowMs() };
    return drawn;
  }

  /** Who looks at a trace clicks on one span after another: of a large one, reading and drawing it is nearly all the work. */
  #recent(id: string, asSent: boolean): DrawnTrace | undefined {
    const last = this.#last;
    const isRecent = last !== undefined && this.#site.readers.clock.nowMs() - last.atMs < RECENT_MS;
    return isRecent && last.asSent === asSent && last.trace.traceId === id.toLowerCase() ? last : undefined;
  }

  async #read(id: string): Promise<StoredTrace> {
    const trace = await this.#site.readers.traces.traceById(readTraceId(id));
    if (trace !== undefined) return trace;
    throw new ApiError('trace/not-found', `Trace ${id} is not stored here.`, {
      hint: 'It may have been dropped when it left the hot store, it may still be on its way (SDKs send every 5 seconds), or it was sent elsewhere.',
    });
  }
}
