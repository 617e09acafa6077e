import { afterAll, describe, expect, test } from 'vitest';
import { FakeClock } from '../lib/clock.js';
import { MINUTE_MS, SECOND_MS } from '../lib/duration.js';
import { openDatabase, type DuckdbDatabase } from '../store/duckdb-database.js';
import { DuckdbSpanSink } from '../store/duckdb-span-sink.js';
import { DEFAULT_START_MS, spanBatch, type SpanDescription } from '../trace/batch-builder.js';
import { DuckdbQualityReader } from './duckdb-quality-reader.js';

const START = DEFAULT_START_MS;
const TRACES = 60;

const open: DuckdbDatabase[] = [];
afterAll(() => Promise.all(open.map((database) => database.close())));

async function stored(spans: readonly SpanDescription[]): Promise<DuckdbDatabase> {
  const database = await openDatabase(':memory:');
  open.push(database);
  const sink = await DuckdbSpanSink.open(database, { clock: new FakeClock(START), limits: { maxWaitMs: 1, maxRows: 100_000 } });
  await sink.store({ digest: 'd'.repeat(32), signal: 'traces', protocol: 'grpc', receivedAtMs: START, rejected: 0, deduplicated: 0, message: '', spans: spanBatch(spans), sloSlices: [], redSlices: [] });
  return database;
}

describe('what a statement joins', () => {
  interface Operator { readonly operator_name?: string; readonly operator_cardinality?: number; readonly children?: readonly Operator[] }
  const rowsRead = ({ operator_name: name, operator_cardinality: rows = 0, children = [] }: Operator): number => Math.max(name === 'CTE_SCAN' ? rows : 0, ...children.map(rowsRead));

  test('are the traces of the spans that it counts, however many others end in the minutes around', async () => {
    // Two spans a trace, one trace every five seconds: a minute has 24 spans, and the minutes around have the others.
    const spans = Array.from({ length: TRACES }, (_, index): readonly SpanDescription[] => {
      const span = { traceId: (index + 1).toString(16).padStart(32, 'a'), startMs: START + index * 5 * SECOND_MS, durationMs: 10 };
      return [{ ...span, spanId: '1' }, { ...span, spanId: '2', parentSpanId: '1' }];
    }).flat();
    const database = await stored(spans);
    const read: number[] = [];
    const explained: Pick<DuckdbDatabase, 'query'> = {
      query: async (statement) => {
        const [plan] = await database.query({ ...statement, sql: `EXPLAIN (ANALYZE, FORMAT json) ${statement.sql}` });
        read.push(rowsRead(JSON.parse(String(Object.values(plan ?? {}).at(-1))) as Operator));
        return database.query(statement);
      },
    };
    await new DuckdbQualityReader(explained).facts({ fromMs: START + 2 * MINUTE_MS, toMs: START + 3 * MINUTE_MS });
    expect(Math.max(...read)).toBe(24);
  });
});
