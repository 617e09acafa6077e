import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'agent/**/*.test.ts', 'test/**/*.test.ts', 'demo/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    setupFiles: ['test/property-seed.ts'],
    // A hang is caught; a test of ten seconds of CPU on two cores that others use as well is not one.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Two cores: more workers only make real servers and browsers miss their moments.
    maxWorkers: 2,
  },
});
