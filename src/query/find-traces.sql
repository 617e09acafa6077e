-- The newest traces with a span that meets every condition, each summed up over all its spans.
WITH matched AS (
  SELECT s.trace_id_high, s.trace_id_low, max(s.start_ns) AS matched_ns, count(*) AS matched_count
  FROM spans s JOIN resources r ON r.resource_id = s.resource_id
  WHERE s.end_ms >= $from_ms AND s.end_ms < $to_ms
    AND ($service = '' OR s.service = $service)
    AND ($operation = '' OR s.name = $operation)
    AND (NOT $errors_only OR s.status = 2)
    AND s.duration_ns >= $min_duration_ns
    AND (/* where */ TRUE) IS TRUE
  GROUP BY s.trace_id_high, s.trace_id_low
  ORDER BY matched_ns DESC, s.trace_id_low
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
FROM spans s JOIN matched m ON s.trace_id_high = m.trace_id_high AND s.trace_id_low = m.trace_id_low
GROUP BY ALL
ORDER BY m.matched_ns DESC, s.trace_id_low
