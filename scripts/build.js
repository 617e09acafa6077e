// Compiles src/ into dist/ and copies what is not TypeScript (SQL, templates, styles, scripts) beside it.
// A second run with nothing changed takes a moment: tsc is incremental.
// `--unchecked` emits the same without looking for type errors: for whoever has looked already, in a third of the time.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, 'src');
const target = join(root, 'dist');
const ASSET = /\.(sql|njk|css|js|svg|json|woff2|proto)$/;

if (!existsSync(join(target, 'cli'))) rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
// The agent is a program of its own, with copies of the few files of src/ that it shares.
const options = process.argv.includes('--unchecked') ? ['--noCheck'] : [];
for (const project of ['tsconfig.build.json', 'tsconfig.agent.json']) execFileSync(process.execPath, [tsc, '-p', join(root, project), ...options], { stdio: 'inherit', cwd: root });
for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !ASSET.test(entry.name)) continue;
  const from = join(entry.parentPath, entry.name);
  cpSync(from, join(target, from.slice(source.length + 1)));
}
