import type { DuckdbDatabase } from './duckdb-database.js';
import { openStatement } from './duckdb-statement.js';
import { loadSql } from './fs-sql.js';
import type { SloSliceColumns } from './slo-slice-columns.js';

const LOAD = loadSql(import.meta.url, 'load-slo-slices.sql');

/** Every live slice since `sinceMinute` (Unix minutes), summed per SLO and event minute: what the tick starts from. */
export function loadSloSlices(database: DuckdbDatabase, sinceMinute: number): Promise<SloSliceColumns> {
  return database.reading(async (connection) => {
    const { prepared, close } = await openStatement(connection, { sql: LOAD, params: { since_minute: sinceMinute } });
    try {
      const reader = await prepared.runAndReadAll();
      const [keys, minutes, good, bad, goodSquared, badSquared, events, unknownWeight] = reader.getColumns();
      const doubles = (column: typeof keys): Float64Array => Float64Array.from((column ?? []) as number[]);
      const sliceKeys = [...new Set((keys ?? []) as string[])];
      const indexOf = new Map(sliceKeys.map((key, index) => [key, index]));
      return {
        count: keys?.length ?? 0,
        sliceKeys,
        sliceKeyIndex: Uint32Array.from((keys ?? []) as string[], (key) => indexOf.get(key) ?? 0),
        eventMinutes: Int32Array.from((minutes ?? []) as number[]),
        good: doubles(good), bad: doubles(bad), goodSquared: doubles(goodSquared), badSquared: doubles(badSquared),
        events: doubles(events), unknownWeight: doubles(unknownWeight),
      };
    } finally {
      close();
    }
  });
}
