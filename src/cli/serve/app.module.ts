import { Module, type DynamicModule } from '@nestjs/common';
import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { IncidentModule } from '../../incident/incident.module.js';
import { DecisionsModule } from '../../notify/decisions.controller.js';
import { SlackButtonsModule, type SlackButtonsOptions } from '../../notify/slack-buttons.controller.js';
import { AlertmanagerModule, type AlertmanagerPorts } from '../../pipeline/alertmanager.controller.js';
import { MaintenanceJob, type MaintenanceJobOptions } from '../../pipeline/maintenance.job.js';
import { RoundJob, type RoundJobOptions } from '../../pipeline/round.job.js';
import { TickJob, type TickJobOptions } from '../../pipeline/tick.job.js';
import { QualityJob, type QualityJobOptions } from '../../report/quality.job.js';
import { QualityWatchJob, type QualityWatchJobOptions } from '../../report/quality-watch.job.js';
import { UiModule } from '../../ui/ui.module.js';
import type { UiOptions } from '../../ui/ui-options.js';
import { SELF_PORTS, SelfController, type SelfPorts } from './self.controller.js';

export interface AppParts {
  readonly ui: UiOptions;
  readonly alertmanager: AlertmanagerPorts;
  readonly slackButtons: SlackButtonsOptions;
  readonly self: SelfPorts;
  readonly tick: Omit<TickJobOptions, 'scheduler'>;
  /** What is read every few seconds or minutes. */
  readonly rounds: readonly Omit<RoundJobOptions, 'scheduler'>[];
  readonly maintenance: Omit<MaintenanceJobOptions, 'scheduler'>;
  readonly qualityWatch: Omit<QualityWatchJobOptions, 'scheduler'>;
  readonly quality: Omit<QualityJobOptions, 'scheduler'>;
}

/** The Nest application: pages, API, metrics, and the jobs. Everything it holds was built before it. */
@Module({})
export class AppModule {
  static register(parts: AppParts): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ScheduleModule.forRoot(), UiModule.register(parts.ui), IncidentModule.register({ reader: parts.ui.readers.incidents, actions: parts.ui.actions, silences: parts.ui.silences, clock: parts.ui.readers.clock }), AlertmanagerModule.register(parts.alertmanager), DecisionsModule.register(parts.ui.decisions), SlackButtonsModule.register(parts.slackButtons),
      ],
      controllers: [SelfController],
      providers: [
        { provide: SELF_PORTS, useValue: parts.self },
        { provide: TickJob, inject: [SchedulerRegistry], useFactory: (scheduler: SchedulerRegistry) => new TickJob({ ...parts.tick, scheduler }) },
        ...parts.rounds.map((round) => ({ provide: `RoundJob ${round.name}`, inject: [SchedulerRegistry], useFactory: (scheduler: SchedulerRegistry) => new RoundJob({ ...round, scheduler }) })),
        { provide: QualityJob, inject: [SchedulerRegistry], useFactory: (scheduler: SchedulerRegistry) => new QualityJob({ ...parts.quality, scheduler }) },
        { provide: QualityWatchJob, inject: [SchedulerRegistry], useFactory: (scheduler: SchedulerRegistry) => new QualityWatchJob({ ...parts.qualityWatch, scheduler }) },
        { provide: MaintenanceJob, inject: [SchedulerRegistry], useFactory: (scheduler: SchedulerRegistry) => new MaintenanceJob({ ...parts.maintenance, scheduler }) },
      ],
    };
  }
}
