import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterEach, beforeEach } from 'vitest';
import type { UiOptions } from '../../src/ui/ui-options.js';
import { createTestApp } from './page-app.js';
import { pageFakes, type PageFakes } from './page-fakes.js';

/** The pages over fakes, anew for each test of the file. */
export interface PagesOfTest {
  readonly fakes: PageFakes;
  readonly app: NestFastifyApplication;
  /** With other options, for the rest of the test. */
  readonly restart: (changes: Partial<UiOptions>) => Promise<void>;
  readonly get: (url: string, headers?: Record<string, string>) => ReturnType<NestFastifyApplication['inject']>;
}

export function pagesOfTest(): PagesOfTest {
  let fakes: PageFakes;
  let app: NestFastifyApplication;
  const start = async (changes: Partial<UiOptions>): Promise<void> => {
    fakes = pageFakes(changes);
    app = await createTestApp(fakes.options);
  };
  beforeEach(() => start({}));
  afterEach(() => app.close());
  return {
    get fakes() { return fakes; },
    get app() { return app; },
    restart: async (changes) => {
      await app.close();
      await start(changes);
    },
    get: (url, headers = {}) => app.inject({ url, headers: { host: 'localhost', accept: 'text/html', ...headers } }),
  };
}
