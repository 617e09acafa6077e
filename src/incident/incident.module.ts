import { Module, type DynamicModule } from '@nestjs/common';
import type { Clock } from '../lib/clock.js';
import { INCIDENT_ACTIONS, INCIDENT_CLOCK, INCIDENT_READER, type IncidentActions } from './incident-actions.js';
import type { IncidentReader } from './incident-reader.js';
import { IncidentController } from './incident.controller.js';
import { SILENCE_ACTIONS, type SilenceActions } from './silence-actions.js';
import { SilenceController } from './silence.controller.js';

export interface IncidentPorts {
  readonly reader: IncidentReader;
  readonly actions: IncidentActions;
  readonly silences: SilenceActions;
  readonly clock: Clock;
}

@Module({})
export class IncidentModule {
  static register(ports: IncidentPorts): DynamicModule {
    return {
      module: IncidentModule,
      controllers: [IncidentController, SilenceController],
      providers: [
        { provide: INCIDENT_READER, useFactory: () => ports.reader },
        { provide: INCIDENT_ACTIONS, useFactory: () => ports.actions },
        { provide: SILENCE_ACTIONS, useFactory: () => ports.silences },
        { provide: INCIDENT_CLOCK, useFactory: () => ports.clock },
      ],
    };
  }
}
