import type { Database, Row } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { withCriteria } from './event-sql.js';
import { criteriaOf } from './evidence-reader.js';
import type { CountedSlo, HistoryExtent, RecountQuery, ReplayHistory, SliceQuery } from './replay-history.js';
import type { ArrivedSlice } from './replay.js';

const sql = (name: string): string => loadSql(import.meta.url, `${name}.sql`);
const SLICES = sql('replay-slices');
const RECOUNT = sql('recount-slices');
const EXTENT = sql('replay-extent');
const SPANS = sql('replay-extent-spans');
const IMPORTED = sql('replay-extent-imported');
const COVERED = sql('replay-covered');
/** Keys contain none: unit separator. */
const SEPARATOR = '\u001f';

export class DuckdbReplayHistory implements ReplayHistory {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async extent({ sliceKeys, fromMinute, toMinute, imported }: SliceQuery): Promise<HistoryExtent> {
    const [keys, [spans], [slices], covered] = await Promise.all([
      this.#database.query({ sql: EXTENT, params: { slice_keys: sliceKeys.join(SEPARATOR), imported } }),
      this.#database.query({ sql: SPANS, params: { imported } }),
      this.#database.query({ sql: IMPORTED, params: { imported } }),
      this.#database.query({ sql: COVERED, params: { from_minute: fromMinute, to_minute: toMinute } }),
    ]);
    const importedStretches = [spans, slices].flatMap((row) => (row?.['first_imported'] == null ? [] : [[Number(row['first_imported']), Number(row['last_imported']) + 1] as const]));
    return {
      firstMinutes: new Map(keys.map((row) => [String(row['slice_key']), Number(row['first_minute'])])),
      firstSpanMinute: spans?.['first_span'] == null ? undefined : Number(spans['first_span']),
      covered: [...covered.map((row) => [Number(row['first_minute']), Number(row['end_minute'])] as const), ...importedStretches],
    };
  }

  async slices({ sliceKeys, fromMinute, toMinute, imported }: SliceQuery): Promise<readonly ArrivedSlice[]> {
    const rows = await this.#database.query({ sql: SLICES, params: { slice_keys: sliceKeys.join(SEPARATOR), from_minute: fromMinute, to_minute: toMinute, imported } });
    return rows.map((row) => sliceOf(row, String(row['slice_key'])));
  }

  async recount({ slo, fromMinute, toMinute, imported }: RecountQuery): Promise<readonly ArrivedSlice[]> {
    const { sql: text, params } = withCriteria(RECOUNT, criteriaOf(slo));
    const rows = await this.#database.query({ sql: text, params: { ...params, ...weightParams(slo.weight), from_minute: fromMinute, to_minute: toMinute, imported } });
    return rows.map((row) => sliceOf(row, slo.sliceKey));
  }
}

function weightParams(weight: CountedSlo['weight']): { readonly weight: string; readonly weight_path: string } {
  if (typeof weight === 'string') return { weight, weight_path: '$' };
  return { weight: 'attribute', weight_path: `$.${JSON.stringify(weight.attribute)}` };
}

function sliceOf(row: Row, sliceKey: string): ArrivedSlice {
  return {
    sliceKey, eventMinute: Number(row['event_minute']), arrivalMinute: Number(row['arrived']), good: Number(row['good']), bad: Number(row['bad']),
    goodSquared: Number(row['good_squared']), badSquared: Number(row['bad_squared']), events: Number(row['events']), unknownWeight: Number(row['unknown_weight']),
  };
}
