import { defineConfig } from 'vitest/config';

/** Unit tests only, without the build that integration tests need: `npx vitest --config vitest.unit.config.ts`. */
export default defineConfig({
  test: { include: ['src/**/*.test.ts', 'agent/**/*.test.ts'], exclude: ['{src,agent}/**/*.integration.test.ts'], setupFiles: ['test/property-seed.ts'], testTimeout: 120_000, hookTimeout: 120_000 },
});
