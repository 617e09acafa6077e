import { Module, type DynamicModule } from '@nestjs/common';
import { OpenApiController } from './openapi.controller.js';
import { READERS, type Readers } from './readers.js';
import { ServicesController } from './services.controller.js';
import { SlosController } from './slos.controller.js';
import { TracesController } from './traces.controller.js';

@Module({})
export class QueryModule {
  static register(readers: Readers): DynamicModule {
    return {
      module: QueryModule,
      controllers: [SlosController, TracesController, ServicesController, OpenApiController],
      providers: [{ provide: READERS, useValue: readers }],
      exports: [READERS],
    };
  }
}
