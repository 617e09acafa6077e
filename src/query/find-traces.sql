-- The newest traces that a search found, each summed up over all its spans. The search itself comes as common table expressions, where it needs any; `matches` says of a span whether it was found.
WITH RECURSIVE /* archive */ /* search */
judged AS (
  SELECT s.trace_id_high, s.trace_id_low, s.span_id, s.parent_span_id, s.service, s.name, s.status, s.start_ns, s.end_ms, s.duration_ns, (/* matches */) AS matches
  FROM span_rows s /* joins */
)
SELECT j.trace_id_high, j.trace_id_low, max(j.start_ns) FILTER (j.matches AND j.end_ms >= $from_ms AND j.end_ms < $to_ms) AS matched_ns, count(*) FILTER (j.matches) AS matched_count,
  first(j.service ORDER BY j.parent_span_id <> 0, j.start_ns, j.span_id) AS root_service,
  first(j.name ORDER BY j.parent_span_id <> 0, j.start_ns, j.span_id) AS root_name,
  NOT bool_or(j.parent_span_id = 0) AS root_missing,
  min(j.start_ns) AS start_ns,
  max(j.start_ns + j.duration_ns) - min(j.start_ns) AS duration_ns,
  count(*) AS span_count,
  count(*) FILTER (j.status = 2) AS error_count,
  array_to_string(list_sort(list(DISTINCT j.service)), chr(31)) AS services
FROM judged j
GROUP BY j.trace_id_high, j.trace_id_low
HAVING matched_ns IS NOT NULL
ORDER BY matched_ns DESC, j.trace_id_low
LIMIT $limit
