import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { UiModule } from '../../src/ui/ui.module.js';
import type { UiOptions } from '../../src/ui/ui-options.js';

/** The pages and the API over whatever readers are handed in, without the rest of the service. */
export async function createTestApp(options: UiOptions): Promise<NestFastifyApplication> {
  @Module({ imports: [UiModule.register(options)] })
  class TestModule {}
  const app = await NestFactory.create<NestFastifyApplication>(TestModule, new FastifyAdapter(), { logger: ['error'] });
  await app.init();
  return app;
}

/** Listens on a free port of the loopback; the caller closes the app. */
export async function listen(app: NestFastifyApplication): Promise<string> {
  await app.listen(0, '127.0.0.1');
  return (await app.getUrl()).replace('[::1]', '127.0.0.1');
}
