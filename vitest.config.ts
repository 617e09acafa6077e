import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Two cores: more workers only make real servers and browsers miss their moments.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'integration',
          include: ['{src,agent}/**/*.integration.test.ts', 'test/**/*.test.ts'],
          globalSetup: ['test/global-setup.ts'],
          setupFiles: ['test/property-seed.ts'],
          // A hang is caught; a test of ten seconds of CPU on two cores that others use as well is not one.
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      './vitest.unit.config.ts',
    ],
  },
});
