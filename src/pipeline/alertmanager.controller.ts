import { Body, Catch, Controller, Delete, Get, HttpCode, Inject, Module, Param, Post, Query, UseFilters, type ArgumentsHost, type DynamicModule, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { PostedAlertInput } from '../incident/posted-alert.js';
import type { Silence } from '../incident/silence.js';
import type { SilenceRefusal, SilenceRequest } from '../incident/silence-rules.js';
import type { Result } from '../lib/result.js';
import type { AlertingPicture } from './alerting.js';
import { readAlertFilter, readMatchers, readPostedAlerts, readPostedSilence } from './alertmanager-input.js';
import { gettableAlerts, gettableGroups, gettableSilence, gettableSilences } from './alertmanager-view.js';

/** What Alertmanager's API needs of Tocsin. */
export interface AlertmanagerPorts {
  picture(): Promise<AlertingPicture>;
  post(alerts: readonly PostedAlertInput[]): Promise<void>;
  setSilence(request: SilenceRequest): Promise<Result<Silence, SilenceRefusal>>;
  expireSilence(id: string): Promise<Silence | undefined>;
  readonly version: string;
  readonly startedAtMs: number;
}

export const ALERTMANAGER_PORTS = Symbol('AlertmanagerPorts');

/** Alertmanager's errors are one JSON string. */
class AlertmanagerError extends Error {
  constructor(
    readonly status: 400 | 404,
    message: string,
  ) {
    super(message);
  }
}

@Catch(AlertmanagerError)
class AlertmanagerFilter implements ExceptionFilter<AlertmanagerError> {
  async catch(error: AlertmanagerError, host: ArgumentsHost): Promise<void> {
    await host.switchToHttp().getResponse<FastifyReply>().code(error.status).header('content-type', 'application/json').send(JSON.stringify(error.message));
  }
}

/** Alertmanager's API v2 (api/v2/openapi.yaml), for amtool, Prometheus, Grafana and karma. */
@Controller('/api/v2')
@UseFilters(AlertmanagerFilter)
class AlertmanagerController {
  readonly #ports: AlertmanagerPorts;

  constructor(@Inject(ALERTMANAGER_PORTS) ports: AlertmanagerPorts) {
    this.#ports = ports;
  }

  @Get('status')
  status(): unknown {
    const { version, startedAtMs } = this.#ports;
    return {
      cluster: { status: 'disabled', peers: [] }, config: { original: '' }, uptime: new Date(startedAtMs).toISOString(),
      versionInfo: { version: `tocsin-${version}`, revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' },
    };
  }

  @Get('receivers')
  async receivers(): Promise<unknown> {
    return [...(await this.#ports.picture()).routing.receivers.keys()].map((name) => ({ name }));
  }

  @Get('alerts')
  async alerts(@Query() query: Record<string, unknown>): Promise<unknown> {
    return gettableAlerts(await this.#ports.picture(), accepted(readAlertFilter(query)));
  }

  @Get('alerts/groups')
  async groups(@Query() query: Record<string, unknown>): Promise<unknown> {
    return gettableGroups(await this.#ports.picture(), accepted(readAlertFilter(query)));
  }

  /** Answered when they are on disk. */
  @Post('alerts')
  @HttpCode(200)
  async post(@Body() body: unknown): Promise<unknown> {
    await this.#ports.post(accepted(readPostedAlerts(body)));
    return {};
  }

  @Get('silences')
  async silences(@Query() query: Record<string, unknown>): Promise<unknown> {
    return gettableSilences(await this.#ports.picture(), accepted(readMatchers(query['filter'])));
  }

  @Post('silences')
  @HttpCode(200)
  async setSilence(@Body() body: unknown): Promise<unknown> {
    const set = await this.#ports.setSilence(accepted(readPostedSilence(body)));
    if (!set.ok) throw new AlertmanagerError(set.error.kind === 'not-found' ? 404 : 400, set.error.message);
    return { silenceID: set.value.id };
  }

  @Get('silence/:id')
  async silence(@Param('id') id: string): Promise<unknown> {
    const { silences, nowMs } = await this.#ports.picture();
    const found = silences.find((silence) => silence.id === id);
    if (found === undefined) throw new AlertmanagerError(404, `silence ${id.slice(0, 100)} not found`);
    return gettableSilence(found, nowMs);
  }

  @Delete('silence/:id')
  @HttpCode(200)
  async expire(@Param('id') id: string): Promise<unknown> {
    if ((await this.#ports.expireSilence(id)) === undefined) throw new AlertmanagerError(404, `silence ${id.slice(0, 100)} not found`);
    return {};
  }
}

function accepted<T>(read: Result<T, string>): T {
  if (!read.ok) throw new AlertmanagerError(400, read.error);
  return read.value;
}

@Module({})
export class AlertmanagerModule {
  static register(ports: AlertmanagerPorts): DynamicModule {
    return { module: AlertmanagerModule, controllers: [AlertmanagerController], providers: [{ provide: ALERTMANAGER_PORTS, useValue: ports }] };
  }
}
