import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../support/repository.js';

const CRUISER = join(ROOT, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');

/** `rule: from → to`, as dependency-cruiser finds them with the repository's rules in `src/` of a directory. */
async function violationsIn(directory: string): Promise<readonly string[]> {
  const output = await new Promise<string>((resolve, reject) => {
    const args = [CRUISER, '--config', '.dependency-cruiser.js', '--output-type', 'json', 'src'];
    execFile(process.execPath, args, { cwd: directory, maxBuffer: 256 << 20 }, (error, stdout, stderr) => {
      if (stdout === '') reject(new Error(stderr || error?.message));
      else resolve(stdout);
    });
  });
  const { summary } = JSON.parse(output) as { summary: { violations: { from: string; to: string; rule: { name: string } }[] } };
  return summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`);
}

/** The sources themselves are looked at by `npm run architecture`, which is part of `npm test`. */
test('the rules see what they forbid', async () => {
  const root = mkdtempSync(join(tmpdir(), 'tocsin-architecture-'));
  try {
    for (const file of ['.dependency-cruiser.js', 'stages.js', 'tsconfig.json', 'package.json']) cpSync(join(ROOT, file), join(root, file));
    const write = (path: string, text: string): void => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    };
    write('src/ui/page.ts', 'export const page = 1;\n');
    write('src/budget/right.ts', "import { page } from '../ui/page.js';\nexport const right = page;\n");
    write('src/budget/impure.ts', "import { readFileSync } from 'node:fs';\nexport const impure = readFileSync;\n");
    write('src/budget/fs-allowed.ts', "import { readFileSync } from 'node:fs';\nexport const allowed = readFileSync;\n");
    write('src/lib/one.ts', "import { two } from './two.js';\nexport const one = (): number => two();\n");
    write('src/lib/two.ts', "import { one } from './one.js';\nexport const two = (): number => one();\n");
    expect([...(await violationsIn(root))].sort()).toEqual([
      'core-is-pure: src/budget/impure.ts → fs',
      'left-to-right-budget: src/budget/right.ts → src/ui/page.ts',
      'no-circular: src/lib/one.ts → src/lib/two.ts',
    ]);
  } finally {
    rmSync(root, { recursive: true });
  }
});
