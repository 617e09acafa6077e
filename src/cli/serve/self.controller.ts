import { Controller, Get, Header, HttpCode, HttpException, Inject } from '@nestjs/common';
import { formatProblem, type Problem } from '../../lib/problem.js';
import type { PrometheusMetrics } from '../../pipeline/prometheus-metrics.js';

/** What the service says of itself. */
export interface SelfPorts {
  readonly metrics: PrometheusMetrics;
  /** Fetches figures that are kept in other threads. */
  readonly refresh: () => Promise<void>;
  /** Undefined until all receivers listen, and again while stopping. */
  readonly ready: () => Readonly<Record<string, string>> | undefined;
  readonly ruleProblems: () => readonly Problem[];
}

export const SELF_PORTS = Symbol('SelfPorts');

const SERVICE_UNAVAILABLE = 503;

@Controller()
export class SelfController {
  readonly #ports: SelfPorts;

  constructor(@Inject(SELF_PORTS) ports: SelfPorts) {
    this.#ports = ports;
  }

  @Get('healthz')
  @HttpCode(200)
  health(): { readonly status: string } {
    return { status: 'up' };
  }

  /** Ready, with the addresses of the ready line; problems of refused rules beside it, because the last good rules stay in force. */
  @Get('readyz')
  ready(): unknown {
    const addresses = this.#ports.ready();
    if (addresses === undefined) throw new HttpException({ status: 'not ready' }, SERVICE_UNAVAILABLE);
    return { status: 'ready', ready: addresses, ruleProblems: this.#ports.ruleProblems().map(formatProblem) };
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  async metrics(): Promise<string> {
    await this.#ports.refresh();
    return this.#ports.metrics.registry.metrics();
  }
}
