import { defineConfig } from 'vitest/config';

/** What `npm run mutation` asks of each mutant of src/budget: its own tests, without the simulation of months, which says nothing that they do not. */
export default defineConfig({
  test: { include: ['src/budget/**/*.test.ts'], exclude: ['src/budget/healthy-runs.test.ts'], setupFiles: ['test/property-seed.ts'], testTimeout: 30_000 },
});
