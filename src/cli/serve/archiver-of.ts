import { join } from 'node:path';
import type { Settings } from '../../config/settings.js';
import { keepBySampling } from '../../pipeline/duckdb-sampling.js';
import { DATABASE_FILE } from '../../pipeline/store.js';
import { Archiver } from '../../pipeline/system-archiver.js';
import { Eraser } from '../../pipeline/system-eraser.js';
import type { StoreClient } from '../../pipeline/system-store-client.js';
import { DuckdbArchive } from '../../store/archive/duckdb-archive.js';
import { DuckdbLogArchive } from '../../store/archive/duckdb-log-archive.js';
import { writableBytes } from '../../store/duckdb-file.js';
import type { ArchiveParts } from '../archive-parts.js';
import type { Judgement } from './judgement.js';

/** What moves traces into the archive, with the rules in force; of operations whose budget burns more is kept. */
export function archiverOf({ parts, settings: { dataDir, hotRetentionMs }, store, judgement: { rules, engine, signatures } }: { readonly parts: ArchiveParts; readonly settings: Settings; readonly store: StoreClient; readonly judgement: Judgement }): Archiver {
  const shared = { ...parts, archive: new DuckdbArchive(store), logs: new DuckdbLogArchive(store) };
  const burning = (): readonly string[] => {
    const firing = new Set(engine.statuses().flatMap(({ slo, firing: tier }) => (tier === undefined ? [] : [slo])));
    return rules.book.slos.filter(({ slo }) => firing.has(slo.name)).flatMap(({ slo, parts: composed }) => (composed?.map((part) => part.slo) ?? [slo]).map(({ indicator }) => indicator.total.text));
  };
  const keep = keepBySampling({ database: store, rules: () => rules.book.sampling, burning });
  return new Archiver({ ...shared, eraser: new Eraser({ ...shared, database: store, signatures }), hotRetentionMs, freeBytes: () => writableBytes(join(dataDir, DATABASE_FILE)), limits: () => rules.book.sampling.retention, keep });
}
