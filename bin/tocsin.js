#!/usr/bin/env node
import { existsSync } from 'node:fs';

const entry = new URL('../dist/cli/main.js', import.meta.url);
if (!existsSync(entry)) {
  process.stderr.write('tocsin is not built yet: run `npm run build` once, or start with `npm start`.\n');
  process.exit(2);
}
await import(entry.href);
