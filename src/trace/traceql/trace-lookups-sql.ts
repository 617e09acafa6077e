import { SPAN_ROWS, type Join } from './span-fields-sql.js';

const NEAR = 's.end_ms >= $near_from_ms AND s.end_ms < $near_to_ms';
const TRACE = 's.trace_id_high AS th, s.trace_id_low AS tl';

/** How a row `s` finds what LOOKUPS made. Every span has its resource; to join one that nobody reads is a quarter of what a short search costs. */
export const JOINS: Readonly<Record<Join, string>> = {
  resource: 'JOIN resources r ON r.resource_id = s.resource_id',
  parent: 'LEFT JOIN spans p ON p.trace_id_high = s.trace_id_high AND p.trace_id_low = s.trace_id_low AND p.span_id = s.parent_span_id AND s.parent_span_id <> 0 LEFT JOIN resources pr ON pr.resource_id = p.resource_id',
  root: 'LEFT JOIN trace_roots t ON t.th = s.trace_id_high AND t.tl = s.trace_id_low',
  traceTimes: 'LEFT JOIN trace_times d ON d.th = s.trace_id_high AND d.tl = s.trace_id_low',
  children: 'LEFT JOIN span_children c ON c.th = s.trace_id_high AND c.tl = s.trace_id_low AND c.sid = s.span_id',
  nestedSet: 'LEFT JOIN nested_sets n ON n.rid = s.row_id',
};

/** Common table expressions for fields that need more than their span's own row. */
export const LOOKUPS: Readonly<Record<Join, readonly string[]>> = {
  resource: [],
  parent: [],
  // Same choice as trace-roots.ts: the earliest span without parent, then the smallest id.
  root: [`trace_roots AS (SELECT ${TRACE}, arg_min(s.name, (s.start_ns, s.span_id)) AS root_name, arg_min(s.service, (s.start_ns, s.span_id)) AS root_service FROM spans s WHERE s.parent_span_id = 0 AND ${NEAR} GROUP BY ALL)`],
  traceTimes: [`trace_times AS (SELECT ${TRACE}, max(s.start_ns + s.duration_ns) - min(s.start_ns) AS duration_ns FROM spans s WHERE ${NEAR} GROUP BY ALL)`],
  children: [`span_children AS (SELECT ${TRACE}, s.parent_span_id AS sid, count(*) AS child_count FROM spans s WHERE s.parent_span_id <> 0 AND ${NEAR} GROUP BY ALL)`],
  // A span opens when all before it in the walk have opened, and all of those that are not above it have closed: left = 2 × place - depth + 1.
  // Spans whose chain of parents does not reach a root are not numbered, as in Tempo.
  nestedSet: [
    `nested_walk AS (SELECT ${TRACE}, s.row_id AS rid, s.span_id AS sid, CAST(NULL AS BIGINT) AS parent_rid, [(s.start_ns, s.span_id, s.row_id)] AS path FROM ${SPAN_ROWS} s WHERE s.parent_span_id = 0 AND ${NEAR}
      UNION ALL SELECT w.th, w.tl, s.row_id, s.span_id, w.rid, list_append(w.path, (s.start_ns, s.span_id, s.row_id)) FROM nested_walk w JOIN ${SPAN_ROWS} s ON s.trace_id_high = w.th AND s.trace_id_low = w.tl AND s.parent_span_id = w.sid WHERE len(w.path) < 1000 AND ${NEAR})`,
    `nested_places AS (SELECT rid, parent_rid, path, 2 * (row_number() OVER (PARTITION BY th, tl ORDER BY path) - 1) - (len(path) - 1) + 1 AS nested_left FROM nested_walk)`,
    `nested_sizes AS (SELECT step.ancestor AS rid, count(*) AS size FROM (SELECT unnest(path)[3] AS ancestor FROM nested_walk) step GROUP BY ALL)`,
    `nested_sets AS (SELECT a.rid, a.nested_left, a.nested_left + 2 * z.size - 1 AS nested_right, CASE WHEN a.parent_rid IS NULL THEN -1 ELSE b.nested_left END AS nested_parent FROM nested_places a JOIN nested_sizes z ON z.rid = a.rid LEFT JOIN nested_places b ON b.rid = a.parent_rid)`,
  ],
};

/** Whether a field is then read from other spans than its own. */
export function isOfOtherSpans(join: Join): boolean {
  return join !== 'resource';
}
