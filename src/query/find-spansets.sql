-- The newest traces that a search found, with the first spans of each of their spansets: one row a span, the trace's sums repeated on it.
WITH RECURSIVE /* archive */ /* search */
matched AS (
  SELECT th, tl, max(start_ns) FILTER (end_ms >= $from_ms AND end_ms < $to_ms) AS matched_ns, count(DISTINCT rid) AS matched_count
  FROM /* found */
  GROUP BY th, tl
  HAVING matched_ns IS NOT NULL
  ORDER BY matched_ns DESC, tl
  LIMIT $limit
),
summed AS (
  SELECT m.th, m.tl, m.matched_ns, m.matched_count,
    first(s.service ORDER BY s.parent_span_id <> 0, s.start_ns, s.span_id) AS root_service,
    first(s.name ORDER BY s.parent_span_id <> 0, s.start_ns, s.span_id) AS root_name,
    NOT bool_or(s.parent_span_id = 0) AS root_missing,
    min(s.start_ns) AS start_ns,
    max(s.start_ns + s.duration_ns) - min(s.start_ns) AS duration_ns,
    count(*) AS span_count,
    count(*) FILTER (s.status = 2) AS error_count,
    string_agg(DISTINCT s.service, chr(31) ORDER BY s.service) AS services,
    CAST(to_json(histogram(s.service)) AS VARCHAR) AS spans_by_service,
    CAST(to_json(histogram(s.service) FILTER (s.status = 2)) AS VARCHAR) AS errors_by_service
  FROM spans s JOIN matched m ON s.trace_id_high = m.th AND s.trace_id_low = m.tl
  GROUP BY ALL
),
placed AS (
  SELECT f.th, f.tl, f.grp, f.rid, count(*) OVER spanset AS spanset_count, row_number() OVER (spanset ORDER BY f.start_ns, f.sid) AS place
  FROM (SELECT DISTINCT th, tl, grp, rid, sid, start_ns FROM /* found */) f SEMI JOIN matched m ON m.th = f.th AND m.tl = f.tl
  WINDOW spanset AS (PARTITION BY f.th, f.tl, f.grp)
)
SELECT sums.th AS trace_id_high, sums.tl AS trace_id_low, sums.* EXCLUDE (th, tl), CAST(to_json(placed.grp) AS VARCHAR) AS grp, placed.spanset_count,
  s.span_id, s.name AS span_name, s.start_ns AS span_start_ns, s.duration_ns AS span_duration_ns, CAST(to_json(/* shown */) AS VARCHAR) AS shown
FROM placed JOIN summed sums ON sums.th = placed.th AND sums.tl = placed.tl JOIN /* spans */ s ON s.row_id = placed.rid /* joins */
WHERE placed.place <= $spans_per_spanset
ORDER BY sums.matched_ns DESC, trace_id_low, placed.grp, span_start_ns, s.span_id
