import type { CompiledSlo } from '../sli/compile-slo.js';
import type { Database } from './database.js';
import { loadSql } from './fs-sql.js';

const KEEP = loadSql(import.meta.url, 'keep-slo-revisions.sql');

type Definition = Pick<CompiledSlo, 'slo' | 'sliceKey' | 'parts'>;

/** Writes down what the rules in force count, so that the slices of a changed SLO can be read after its file has changed. */
export async function keepSloRevisions(database: Database, slos: readonly Definition[], nowMs: number): Promise<void> {
  // A composite objective counts nothing itself: its parts have definitions.
  const counted = slos.filter(({ parts }) => parts === undefined);
  if (counted.length === 0) return;
  const rows = counted.map(({ slo: { name, indicator: { total, good, bad } }, sliceKey }) => [sliceKey, name, total.text, bad === undefined ? 'good' : 'bad', (bad ?? good)?.text ?? '']);
  await database.transaction([{ sql: KEEP, params: { rows: JSON.stringify(rows), now_ms: nowMs } }]);
}
