import { Controller, Get, Inject } from '@nestjs/common';
import { balances } from './ingest-report.js';
import { READERS, type Readers } from './readers.js';

@Controller('/api/v1/ingest')
export class IngestController {
  readonly #readers: Readers;

  constructor(@Inject(READERS) readers: Readers) {
    this.#readers = readers;
  }

  @Get()
  async report(): Promise<unknown> {
    const { services, meanCommitMs, ...report } = await this.#readers.ingest.ingest();
    return {
      balances: balances([...report.lastHour, ...report.lastDay]), ...report, meanCommitMs: meanCommitMs ?? null,
      services: services.map((service) => ({ ...service, lagP50Ms: service.lagP50Ms ?? null, lagP99Ms: service.lagP99Ms ?? null })),
    };
  }
}
