import { defineConfig } from 'vitest/config';

/** Unit tests only, without the build that integration tests need: `npx vitest --config vitest.unit.config.ts`. */
export default defineConfig({
  test: {
    name: 'unit',
    include: ['src/**/*.test.ts', 'agent/**/*.test.ts'],
    exclude: ['{src,agent}/**/*.integration.test.ts'],
    setupFiles: ['test/property-seed.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    // Files share a process, and what they import is loaded once: loading zod, Nest and DuckDB for each of hundreds of files took longer than most of their tests.
    isolate: false,
  },
});
