import { Controller, Get, Inject, Module, Param, type DynamicModule } from '@nestjs/common';
import type { IncidentId } from '../lib/ids.js';
import { DECISION_READER, deliveryInWords, type DecisionReader, type DecisionRecord } from './decision-reader.js';

@Controller('/api/v1/incidents')
class DecisionsController {
  readonly #reader: DecisionReader;

  constructor(@Inject(DECISION_READER) reader: DecisionReader) {
    this.#reader = reader;
  }

  /** Why each receiver was told of each alert of an incident, or not. Empty for an incident that nobody knows. */
  @Get(':id/decisions')
  async ofIncident(@Param('id') id: string): Promise<unknown> {
    return { decisions: (await this.#reader.ofIncident(id as IncidentId)).map(decisionJson) };
  }
}

function decisionJson(record: DecisionRecord): unknown {
  const { atMs, alertId, groupKey, route, receiver, integration, outcome, reason, deliveryId, delivery } = record;
  return {
    at: new Date(atMs).toISOString(), alert: alertId, group: groupKey, route, receiver, integration, outcome, reason, delivery: deliveryId ?? null,
    deliveryStatus: delivery?.status ?? null, attempts: delivery?.attempts ?? null, became: deliveryInWords(record) ?? null,
  };
}

@Module({})
export class DecisionsModule {
  static register(reader: DecisionReader): DynamicModule {
    return { module: DecisionsModule, controllers: [DecisionsController], providers: [{ provide: DECISION_READER, useValue: reader }] };
  }
}
