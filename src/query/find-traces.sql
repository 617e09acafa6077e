-- The newest traces that a search found, each summed up over all its spans. The search itself comes as common table expressions; `found` stands for its last one.
WITH RECURSIVE /* archive */ /* search */
matched AS (
  SELECT th, tl, max(start_ns) FILTER (end_ms >= $from_ms AND end_ms < $to_ms) AS matched_ns, count(DISTINCT rid) AS matched_count
  FROM /* found */
  GROUP BY th, tl
  HAVING matched_ns IS NOT NULL
  ORDER BY matched_ns DESC, tl
  LIMIT $limit
)
SELECT s.trace_id_high, s.trace_id_low, m.matched_ns, m.matched_count,
  first(s.service ORDER BY s.parent_span_id <> 0, s.start_ns, s.span_id) AS root_service,
  first(s.name ORDER BY s.parent_span_id <> 0, s.start_ns, s.span_id) AS root_name,
  NOT bool_or(s.parent_span_id = 0) AS root_missing,
  min(s.start_ns) AS start_ns,
  max(s.start_ns + s.duration_ns) - min(s.start_ns) AS duration_ns,
  count(*) AS span_count,
  count(*) FILTER (s.status = 2) AS error_count,
  string_agg(DISTINCT s.service, chr(31) ORDER BY s.service) AS services
FROM spans s JOIN matched m ON s.trace_id_high = m.th AND s.trace_id_low = m.tl
GROUP BY ALL
ORDER BY m.matched_ns DESC, s.trace_id_low
