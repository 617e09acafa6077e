-- Spans of several traces, each trace oldest first and at most $span_limit spans of it.
WITH wanted AS (
  SELECT DISTINCT unnest(string_split($highs, ','))::UBIGINT AS high, unnest(string_split($lows, ','))::UBIGINT AS low
)
SELECT s.*, r.attributes AS resource_attributes
FROM /* arrived */ spans s
JOIN wanted w ON s.trace_id_high = w.high AND s.trace_id_low = w.low
LEFT JOIN resources r ON r.resource_id = s.resource_id
QUALIFY row_number() OVER (PARTITION BY s.trace_id_high, s.trace_id_low ORDER BY s.start_ns, s.span_id) <= $span_limit
ORDER BY s.start_ns, s.span_id
