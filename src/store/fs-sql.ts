import { readFileSync } from 'node:fs';

/** Text of a `.sql` file beside the module that asks: `loadSql(import.meta.url, 'read-trace.sql')`. Read once, at start. */
export function loadSql(moduleUrl: string, fileName: string): string {
  return readFileSync(new URL(`./${fileName}`, moduleUrl), 'utf8');
}
