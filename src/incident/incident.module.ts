import { Module, type DynamicModule } from '@nestjs/common';
import { INCIDENT_ACTIONS, INCIDENT_READER, type IncidentActions } from './incident-actions.js';
import type { IncidentReader } from './incident-reader.js';
import { IncidentController } from './incident.controller.js';

@Module({})
export class IncidentModule {
  static register(ports: { readonly reader: IncidentReader; readonly actions: IncidentActions }): DynamicModule {
    return {
      module: IncidentModule,
      controllers: [IncidentController],
      providers: [
        { provide: INCIDENT_READER, useFactory: () => ports.reader },
        { provide: INCIDENT_ACTIONS, useFactory: () => ports.actions },
      ],
    };
  }
}
