import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { runnableLoaderOrSkip } from '../support/agent-loader.js';
import { ROOT } from '../support/repository.js';
import { requireOrSkip } from '../support/require.js';

const CYCLES = 10;
const canRun = runnableLoaderOrSkip() && requireOrSkip('python3', 'apt-get install -y python3');

test.skipIf(!canRun)('attached and detached in every way under load, the traced programs notice nothing', { timeout: 180_000 }, async () => {
  const seed = String(Date.now() % 1_000_000);
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [join(ROOT, 'torture', 'agent-soak.js'), '--cycles', String(CYCLES), '--seed', seed]);
  process.stdout.write(stderr + stdout);
  expect(stdout).toContain(`OK: ${CYCLES} cycles`);
});
