import { Inject, Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { QueryModule } from '../query/query.module.js';
import { AccessGuard } from './access.guard.js';
import { ApiPageController } from './api-page.controller.js';
import { AssetsController } from './assets.controller.js';
import { compressed } from './compressed.js';
import { ComparePageController } from './compare-page.controller.js';
import { DeadLetterPageController, DeadLettersController } from './dead-letters.controller.js';
import { DrillPageController, DrillsController } from './drills.controller.js';
import { ErrorFilter } from './error.filter.js';
import { HostGuard } from './host.guard.js';
import { IncidentPageController } from './incident-page.controller.js';
import { IngestPageController } from './ingest-page.controller.js';
import { LoginController } from './login.controller.js';
import { OverviewController } from './overview.controller.js';
import { MapPageController } from './map-page.controller.js';
import { PageRenderer } from './page-renderer.js';
import { SameOriginGuard } from './same-origin.guard.js';
import { SECURITY_HEADERS } from './security-headers.js';
import { QUALITY, QUALITY_CLOCK, QualityController } from '../report/quality.controller.js';
import { QualityPageController } from './quality-page.controller.js';
import { PostmortemController } from './postmortem.controller.js';
import { ServicePageController } from './service-page.controller.js';
import { SignaturePageController, SignaturesController } from './signatures.controller.js';
import { SilencePageController } from './silence-page.controller.js';
import { SloPageController } from './slo-page.controller.js';
import { TracePageController } from './trace-page.controller.js';
import { TraceSearchController } from './trace-search.controller.js';
import { pathOf, type PageRequest } from './http-types.js';
import { SITE, siteOf } from './site.js';
import { UI_OPTIONS, type UiOptions } from './ui-options.js';

const TRACE_PAGES = [TraceSearchController, ComparePageController, TracePageController, MapPageController];

/**
 * Pages and the JSON API, with their guards for the whole application: name, origin, token, in this order.
 * Other modules of the application are guarded by them too.
 */
@Module({})
export class UiModule implements OnModuleInit {
  readonly #host: HttpAdapterHost;
  readonly #options: UiOptions;

  constructor(@Inject(HttpAdapterHost) host: HttpAdapterHost, @Inject(UI_OPTIONS) options: UiOptions) {
    this.#host = host;
    this.#options = options;
  }

  static register(options: UiOptions): DynamicModule {
    return {
      module: UiModule,
      imports: [QueryModule.register(options.readers)],
      controllers: [
        OverviewController, SloPageController, IncidentPageController, ...TRACE_PAGES, ServicePageController, IngestPageController, QualityController, QualityPageController, LoginController, ApiPageController, AssetsController,
        DeadLettersController, DeadLetterPageController, PostmortemController, SilencePageController, DrillsController, DrillPageController, SignaturesController, SignaturePageController,
      ],
      providers: [
        { provide: UI_OPTIONS, useValue: options },
        { provide: QUALITY, useValue: options.quality },
        { provide: QUALITY_CLOCK, useValue: options.readers.clock },
        PageRenderer,
        { provide: SITE, useFactory: (renderer: PageRenderer) => siteOf(options, renderer), inject: [PageRenderer] },
        { provide: APP_GUARD, useClass: HostGuard },
        { provide: APP_GUARD, useClass: SameOriginGuard },
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_FILTER, useClass: ErrorFilter },
      ],
    };
  }

  /** Headers belong on every answer, also on those no controller gives. */
  onModuleInit(): void {
    const fastify = this.#host.httpAdapter.getInstance<FastifyInstance>();
    fastify.addHook('onRequest', async (_request, reply) => {
      reply.headers(SECURITY_HEADERS);
    });
    fastify.addHook('onResponse', async (request: PageRequest, reply) => {
      this.#options.traceRead({ path: pathOf(request), status: reply.statusCode, actor: request.actor, from: request.ip, elapsedMs: reply.elapsedTime });
    });
    fastify.addHook('onSend', async (request, reply, payload) => {
      if (reply.getHeader('cache-control') === undefined) reply.header('cache-control', 'no-store');
      return compressed(payload, request.headers['accept-encoding'], reply);
    });
  }
}
