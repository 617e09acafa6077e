import { Controller, Get, Headers, HttpCode, HttpException, Inject, Res } from '@nestjs/common';
import { formatProblem, type Problem } from '../../lib/problem.js';
import { outcomeOf, runInWords, type DrillStatus } from '../../notify/drill.js';
import type { PrometheusMetrics } from '../../pipeline/prometheus-metrics.js';
import type { PageReply } from '../../ui/http-types.js';

/** What the service says of itself. */
export interface SelfPorts {
  readonly metrics: PrometheusMetrics;
  /** Fetches figures that are kept in other threads. */
  readonly refresh: () => Promise<void>;
  /** Undefined until all receivers listen, and again while stopping. */
  readonly ready: () => Readonly<Record<string, string>> | undefined;
  readonly ruleProblems: () => readonly Problem[];
  readonly drills: () => readonly DrillStatus[];
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

  /** Ready, with the addresses of the ready line; problems of refused rules and the last drill of each receiver beside it. */
  @Get('readyz')
  ready(): unknown {
    const addresses = this.#ports.ready();
    if (addresses === undefined) throw new HttpException({ status: 'not ready' }, SERVICE_UNAVAILABLE);
    return { status: 'ready', ready: addresses, ruleProblems: this.#ports.ruleProblems().map(formatProblem), drills: this.#ports.drills().map(lastDrillJson) };
  }

  /** OpenMetrics, with exemplars, for those who ask for it; else Prometheus' text. */
  @Get('metrics')
  async metrics(@Headers('accept') accept: string | undefined, @Res({ passthrough: true }) reply: PageReply): Promise<string> {
    await this.#ports.refresh();
    const { contentType, text } = await this.#ports.metrics.expose(accept);
    void reply.header('content-type', contentType).header('vary', 'accept');
    return text;
  }
}

/** A receiver that is broken does not make the service any less ready; who asks may want to know all the same. */
function lastDrillJson({ receiver, last }: DrillStatus): unknown {
  return { receiver, last: last === undefined ? null : { at: new Date(last.startedAtMs).toISOString(), outcome: outcomeOf(last), words: runInWords(last) } };
}
