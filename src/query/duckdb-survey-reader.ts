import { MINUTE_MS } from '../lib/duration.js';
import { valueOfJson } from '../pipeline/span-of-row.js';
import { bucketMiddleNs } from '../sli/latency-bucket.js';
import { needOfSearch, needOfSearchWith } from '../store/archive/archive-need.js';
import type { SpansDatabase } from '../store/archive/duckdb-archived-spans.js';
import type { SqlValue } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { spanIdOf, traceIdOf } from '../store/trace-key.js';
import { isHttpStatus } from '../trace/traceql/comparison-sql.js';
import { compileSearch, type CompiledSearch } from '../trace/traceql/search-sql.js';
import type { ExpressionSql } from '../trace/traceql/expression-sql.js';
import type { Field } from '../trace/traceql/ast.js';
import { nearWindow } from './duckdb-matching-traces.js';
import { minutesOf } from './service-summary.js';
import { MAX_HEATMAP_COLUMNS, ROWS_PER_OCTAVE, SURVEY_SAMPLE, type Breakdown, type ChartExemplar, type Heatmap, type HeatmapCell, type SurveyQuery, type SurveyReader } from './survey-reader.js';
import type { TimeWindow } from './time-window.js';
import { readWithin } from './within-memory.js';

const HEATMAP = loadSql(import.meta.url, 'survey-heatmap.sql');
const REQUESTS = loadSql(import.meta.url, 'survey-requests.sql');
const EXEMPLARS = loadSql(import.meta.url, 'survey-exemplars.sql');
const COUNT = loadSql(import.meta.url, 'survey-count.sql');
const BREAKDOWN = loadSql(import.meta.url, 'survey-breakdown.sql');
/** Hashes are 64 bits. */
const HASHES = 1n << 64n;

export class DuckdbSurveyReader implements SurveyReader {
  readonly #database: SpansDatabase;

  constructor(database: SpansDatabase) {
    this.#database = database;
  }

  async heatmap(query: SurveyQuery): Promise<Heatmap> {
    const compiled = compileSearch(query.search);
    const steps = stepsOf(query);
    const rows = await readWithin(this.#database, { sql: over(HEATMAP, compiled), params: { ...paramsOf(compiled, query), from_ms: steps.fromMs, to_ms: query.toMs, step_ms: steps.stepMs, rows_per_octave: ROWS_PER_OCTAVE }, archive: needOfSearch(query.search) });
    return { ...steps, cells: rows.map((row) => ({ column: Number(row['step']), row: Number(row['row']), spans: Number(row['spans']), errors: Number(row['errors']) })) };
  }

  async requestHeatmap({ service, operation, ...window }: TimeWindow & { readonly service: string; readonly operation: string }): Promise<Heatmap> {
    const steps = stepsOf(window);
    const { first, last } = minutesOf({ fromMs: steps.fromMs, toMs: window.toMs });
    const rows = await readWithin(this.#database, { sql: REQUESTS, params: { first, last, step: steps.stepMs / MINUTE_MS, service, operation } });
    const cells = new Map<string, HeatmapCell>();
    for (const row of rows) {
      const place = { column: Number(row['step']), row: Math.floor(Math.log2(Math.max(1, bucketMiddleNs(Number(row['bucket'])))) * ROWS_PER_OCTAVE) };
      const key = `${place.column}/${place.row}`;
      const cell = cells.get(key);
      cells.set(key, { ...place, spans: (cell?.spans ?? 0) + Number(row['spans']), errors: (cell?.errors ?? 0) + Number(row['errors']) });
    }
    return { ...steps, cells: [...cells.values()] };
  }

  async exemplars({ fromMs, toMs, service, stepMs }: TimeWindow & { readonly service: string; readonly stepMs: number }): Promise<readonly ChartExemplar[]> {
    const rows = await readWithin(this.#database, { sql: EXEMPLARS, params: { from_ms: fromMs, to_ms: toMs, service, step_ms: stepMs } });
    return rows.map((row) => ({
      step: Number(row['step']), ofFailed: row['of_failed'] === true, traceId: traceIdOf({ high: row['trace_id_high'] as bigint, low: row['trace_id_low'] as bigint }), spanId: spanIdOf(row['span_id'] as bigint), name: String(row['name']), durationNs: Number(row['duration_ns']),
    }));
  }

  async breakdown({ fields, top, ...query }: SurveyQuery & { readonly fields: readonly Field[]; readonly top: number }): Promise<Breakdown> {
    const [ofSpans, ofResources] = [fields.filter((field) => !isOfResource(field)), fields.filter(isOfResource)];
    const compiled = compileSearch(query.search, { extra: (expressions) => valuesOf(ofSpans, expressions) });
    const resourceValues = valuesOf(ofResources, compiled.expressions);
    const window = { from_ms: query.fromMs, to_ms: query.toMs };
    const [counted] = await readWithin(this.#database, { sql: over(COUNT, compiled), params: { ...paramsOf(compiled, query), ...window }, archive: needOfSearch(query.search) });
    const found = Number(counted?.['found'] ?? 0);
    const sql = over(BREAKDOWN, compiled).replace('/* values of spans */', () => compiled.extra.sql).replace('/* values of resources */', () => resourceValues).replace('/* sample */', () => sampleOf(found));
    const rows = await readWithin(this.#database, { sql, params: { ...paramsOf(compiled, query), ...window, fields: fields.length, top }, archive: needOfSearchWith(query.search, ofSpans) });
    const looked = Number(rows[0]?.['looked'] ?? 0);
    const scale = looked === 0 ? 1 : found / looked;
    const places = [...ofSpans, ...ofResources];
    return {
      found, looked, weighted: Number(rows[0]?.['weighted'] ?? 0) * scale,
      fields: fields.map((field) => {
        const ofField = rows.filter((row) => row['field'] !== null && places[Number(row['field'])] === field);
        const values = ofField.map((row) => ({ value: valueOfJson(String(row['value'])), spans: Number(row['spans']) * scale, errors: Number(row['errors']) * scale, p99Ns: Number(row['p99_ns']) }));
        return { field, values, distinct: Number(ofField[0]?.['distinct_values'] ?? 0) };
      }),
    };
  }
}

function isOfResource(field: Field): boolean {
  return field.type === 'attribute' && field.scope === 'resource' && field.ofParent !== true;
}

/** Of its own column: to read the JSON of attributes is most of what a breakdown takes. What is no number is not listed. */
function isStatus(field: Field): boolean {
  return field.type === 'attribute' && isHttpStatus(field);
}

function valuesOf(fields: readonly Field[], expressions: ExpressionSql): string {
  return `[${fields.map((field) => (isStatus(field) ? 'CAST(nullif(s.http_status, 0) AS VARCHAR)' : expressions.json({ type: 'field', field }))).join(', ')}]::VARCHAR[]`;
}

/** Each span by the hash of its id, whatever it is. A literal of one column is looked at in the scan, so that of other spans nothing more is read. */
function sampleOf(found: number): string {
  return found <= SURVEY_SAMPLE ? 'TRUE' : `hash(s.span_id) < ${(HASHES * BigInt(SURVEY_SAMPLE)) / BigInt(found)}::UBIGINT`;
}

/** Whole minutes, as slices are; the first step begins with a whole minute too. */
function stepsOf({ fromMs, toMs }: TimeWindow): Pick<Heatmap, 'fromMs' | 'stepMs' | 'columns'> {
  const start = Math.floor(fromMs / MINUTE_MS) * MINUTE_MS;
  const stepMs = Math.max(1, Math.ceil((toMs - start) / MINUTE_MS / MAX_HEATMAP_COLUMNS)) * MINUTE_MS;
  return { fromMs: start, stepMs, columns: Math.ceil((toMs - start) / stepMs) };
}

function over(template: string, compiled: CompiledSearch): string {
  return template.replace('/* search */', () => `${compiled.ctes},`).replace('/* spans found */', () => compiled.spans);
}

function paramsOf(compiled: CompiledSearch, window: TimeWindow): Readonly<Record<string, SqlValue>> {
  return { ...compiled.params.values, ...nearWindow(window, compiled.looksAround) };
}
