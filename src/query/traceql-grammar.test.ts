import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TRACEQL_RULES } from '../../test/support/traceql-grammar.js';
import { openTraceqlStore, type TraceqlStore } from '../../test/support/traceql-store.js';
import { DEFAULT_START_MS } from '../trace/batch-builder.js';
import { parseSearch } from '../trace/traceql/parser.js';
import { printQuery } from '../trace/traceql/print.js';
import type { TraceqlQuery } from '../trace/traceql/query-ast.js';
import { DuckdbMetricsReader } from './duckdb-metrics-reader.js';
import { DuckdbTraceReader } from './duckdb-trace-reader.js';

const START_NS = BigInt(DEFAULT_START_MS) * 1_000_000n;
const rules = Object.entries(TRACEQL_RULES);

function parsed(text: string): TraceqlQuery {
  const read = parseSearch(text);
  if (!read.ok) throw new Error(`${text}: ${read.error.message}`);
  return read.value;
}

describe.each(rules)('%s', (_, rule) => {
  test('most of what the rule makes is a query', () => {
    const texts = fc.sample(rule, 400);
    const refused = texts.filter((text) => !parseSearch(text).ok);
    expect(refused.length, refused.slice(0, 5).map((text) => `${text}: ${JSON.stringify(parseSearch(text))}`).join('\n')).toBeLessThan(texts.length / 4);
  });

  test('what is printed of a query is read as the same query', () => {
    fc.assert(fc.property(rule, (text) => {
      fc.pre(parseSearch(text).ok);
      const query = parsed(text);
      const printed = printQuery(query);
      const again = parseSearch(printed);
      expect(again, `${text}\n${printed}`).toEqual({ ok: true, value: query });
      expect(printQuery(parsed(printed))).toBe(printed);
    }), { numRuns: 400 });
  });
});

describe('in the database', () => {
  let store: TraceqlStore;
  beforeAll(async () => {
    store = await openTraceqlStore();
    await store.replace([
      { traceId: '1'.padStart(32, '0'), spanId: '1', name: 'a', attributes: { x: 'a', y: 5, list: ['a', 1] }, events: [{ name: 'e', timeMs: DEFAULT_START_MS, attributes: { x: 1 } }] },
      { traceId: '1'.padStart(32, '0'), spanId: '2', parentSpanId: '1', name: 'b', status: 'error', durationMs: 800, attributes: { x: 1.5, 'http.route': '/a' }, links: [{ traceId: 'b'.repeat(32), spanId: 'b'.repeat(16) }] },
    ]);
  });
  afterAll(() => store.close());

  async function answer(query: TraceqlQuery): Promise<void> {
    if (query.type === 'search') await new DuckdbTraceReader(store.database).findSpansets({ search: query.search, fromMs: DEFAULT_START_MS - 60_000, toMs: DEFAULT_START_MS + 60_000, limit: 5, spansPerSpanset: 3 });
    else await new DuckdbMetricsReader(store.database).metrics({ query, startNs: START_NS - 60_000_000_000n, endNs: START_NS + 60_000_000_000n, stepNs: 60_000_000_000n, exemplars: 0 });
  }

  test.each(rules)('%s: every query is compiled to SQL that the database answers', async (_, rule) => {
    await fc.assert(fc.asyncProperty(rule, async (text) => {
      fc.pre(parseSearch(text).ok);
      await answer(parsed(text)).catch((error: unknown) => {
        throw new Error(text, { cause: error });
      });
    }), { numRuns: 25, interruptAfterTimeLimit: 60_000 });
  }, 120_000);
});
