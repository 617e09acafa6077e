import { Module, type DynamicModule } from '@nestjs/common';
import { IngestController } from './ingest.controller.js';
import { JaegerController } from './jaeger.controller.js';
import { BacktestController } from './backtest.controller.js';
import { ChangesController } from './changes.controller.js';
import { CompareController } from './compare.controller.js';
import { ErasuresController } from './erasures.controller.js';
import { ExportController } from './export.controller.js';
import { GatesController } from './gates.controller.js';
import { OpenApiController } from './openapi.controller.js';
import { READERS, type Readers } from './readers.js';
import { ServicesController } from './services.controller.js';
import { SlosController } from './slos.controller.js';
import { TempoController } from './tempo.controller.js';
import { SuggestionsController } from './suggestions.controller.js';
import { TracesController } from './traces.controller.js';

@Module({})
export class QueryModule {
  static register(readers: Readers): DynamicModule {
    return {
      module: QueryModule,
      controllers: [
        SlosController, TracesController, ServicesController, IngestController, OpenApiController, TempoController, JaegerController, BacktestController, GatesController, CompareController,
        SuggestionsController, ChangesController, ErasuresController, ExportController,
      ],
      providers: [{ provide: READERS, useValue: readers }],
      exports: [READERS],
    };
  }
}
