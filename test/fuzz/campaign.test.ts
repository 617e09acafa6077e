import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../torture/fuzz.js', import.meta.url));

/** A short run of the campaign, with another seed each time; `npm run torture:fuzz` is the long one. */
test('twenty thousand wrong inputs: no crash, no hang, no growth', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, '--inputs', '20000'], { timeout: 90_000 });
  process.stdout.write(stdout);
  expect(stdout).toContain('no promise broken');
}, 120_000);
