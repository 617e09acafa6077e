-- Log records of several traces, each trace oldest first and at most $log_limit records of it.
WITH wanted AS (
  SELECT DISTINCT unnest(string_split($highs, ','))::UBIGINT AS high, unnest(string_split($lows, ','))::UBIGINT AS low
)
SELECT l.trace_id_high, l.trace_id_low, l.span_id, l.time_ns, l.severity_number, l.body, l.service, l.attributes
FROM logs l
JOIN wanted w ON l.trace_id_high = w.high AND l.trace_id_low = w.low
QUALIFY row_number() OVER (PARTITION BY l.trace_id_high, l.trace_id_low ORDER BY l.time_ns, l.span_id, l.body) <= $log_limit
ORDER BY l.time_ns, l.span_id, l.body
