import type { MetricsFunction, SpansetExpression } from './query-ast.js';
import { inWindow, intervalSql, withWindow, type CompiledMetrics, type MetricsWindow } from './metrics-sql.js';
import { compileSearch } from './search-sql.js';

type Compare = Extract<MetricsFunction, { readonly type: 'compare' }>;

/** Values of fields with few values that tell traces apart; ids, times and texts of one span only would drown them. */
const INTRINSICS = `[['name', CAST(to_json(s.name) AS VARCHAR)], ['status', to_json(list_extract(['unset', 'ok', 'error'], s.status + 1))::VARCHAR],
    ['kind', to_json(list_extract(['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'], s.kind + 1))::VARCHAR],
    ['statusMessage', CASE WHEN s.status_message <> '' THEN CAST(to_json(s.status_message) AS VARCHAR) END], ['rootName', CAST(to_json(t.root_name) AS VARCHAR)], ['rootServiceName', CAST(to_json(t.root_service) AS VARCHAR)],
    ['instrumentation:name', CASE WHEN s.scope_name <> '' THEN CAST(to_json(s.scope_name) AS VARCHAR) END], ['instrumentation:version', CASE WHEN s.scope_version <> '' THEN CAST(to_json(s.scope_version) AS VARCHAR) END]]`;
const COMPARED_TYPES = `('VARCHAR', 'BOOLEAN', 'UBIGINT', 'BIGINT', 'DOUBLE')`;
/** A stack trace belongs to one failure, and there are many: reading them all would be most of the work. */
const LONGEST_EVENT_TEXT = 500;

/**
 * How often each value of each field comes up in the selection and in the rest (the baseline), by interval. Rows: `interval`, `selected`,
 * `field`, `value` (JSON text; NULL: all values of the field), `count`, `distinct_values` (how many there are), `place`. Only the `top` values of each
 * field; sums first, then what comes up most of each, so that a cut takes what is rare.
 */
export function compileCompare(search: SpansetExpression, called: Compare, window: MetricsWindow): CompiledMetrics {
  const compiled = compileSearch(search, { extra: (expressions) => `coalesce(${expressions.condition(called.selection.condition)}, FALSE)`, joins: ['root', 'resource'] });
  const selectedTime = called.window === undefined ? '' : ' AND s.start_ns > CAST($selection_start_ns AS BIGINT) AND s.start_ns <= CAST($selection_end_ns AS BIGINT)';
  const sql = `WITH RECURSIVE /* archive */ ${compiled.ctes},
observed AS (
  SELECT ${intervalSql(window)} AS interval, ${window.weighted ? 's.weight' : '1::DOUBLE'} AS weight, (${compiled.extra.sql})${selectedTime} AS selected, s.attributes, s.events, r.attributes AS resource, ${INTRINSICS} AS intrinsics
  FROM ${compiled.spans} AND ${inWindow(window)}
),
happened AS (SELECT interval, weight, selected, unnest(from_json(events, '["JSON"]')) AS event FROM observed WHERE events IS NOT NULL),
facts AS (
  SELECT interval, weight, selected, 'span.' || key AS field, CAST(value AS VARCHAR) AS value FROM observed, json_each(observed.attributes) WHERE type IN ${COMPARED_TYPES}
  UNION ALL SELECT interval, weight, selected, 'resource.' || key, CAST(value AS VARCHAR) FROM observed, json_each(observed.resource) WHERE type IN ${COMPARED_TYPES}
  UNION ALL SELECT interval, weight, selected, pair[1], pair[2] FROM (SELECT interval, weight, selected, unnest(intrinsics) AS pair FROM observed) WHERE pair[2] IS NOT NULL
  UNION ALL SELECT interval, weight, selected, 'event:name', CAST(json_extract(event, '/name') AS VARCHAR) FROM happened
  UNION ALL SELECT interval, weight, selected, 'event.' || key, CAST(value AS VARCHAR) FROM happened, json_each(json_extract(happened.event, '/attributes')) WHERE type IN ${COMPARED_TYPES} AND length(CAST(value AS VARCHAR)) <= ${LONGEST_EVENT_TEXT}
),
counted AS (SELECT interval, selected, field, value, sum(weight) AS count FROM facts GROUP BY ALL),
ranked AS (
  SELECT selected, field, value, row_number() OVER (PARTITION BY selected, field ORDER BY sum(count) DESC, value) AS place, count(*) OVER (PARTITION BY selected, field) AS distinct_values
  FROM counted GROUP BY selected, field, value
)
SELECT c.interval, c.selected, c.field, c.value, c.count, k.distinct_values, k.place FROM counted c JOIN ranked k USING (selected, field, value) WHERE k.place <= $top
UNION ALL SELECT interval, selected, field, NULL, sum(count), 0, 0 FROM counted GROUP BY interval, selected, field
ORDER BY place, field, selected DESC, interval`;
  const times: Record<string, bigint> = called.window === undefined ? {} : { selection_start_ns: BigInt(called.window.start), selection_end_ns: BigInt(called.window.end) };
  return { sql, params: { ...withWindow(compiled, window), ...times, top: called.top }, looksAround: compiled.looksAround };
}
