-- Puts every leaving trace into its stratum: service, operation, what is remarkable about it, the policies it matches, whether a burning SLO counts one of its spans, and what was decided about it before.
INSERT INTO leaving_classes
WITH durations AS (
  SELECT service, operation, bucket, sum(traces) OVER (PARTITION BY service, operation ORDER BY bucket) AS reached, sum(traces) OVER (PARTITION BY service, operation) AS total
  FROM sampling_durations
),
usual AS (
  SELECT service, operation, any_value(total) AS total,
    min(bucket) FILTER (reached >= (1 - $slow::DOUBLE) * total) AS slowest, min(bucket) FILTER (reached >= $fast::DOUBLE * total) AS fastest
  FROM durations GROUP BY ALL
),
shapes AS (
  SELECT service, operation, count(*) AS known, sum(traces) AS total FROM sampling_shapes GROUP BY ALL
),
matches AS (
  SELECT trace_id_high, trace_id_low, list(condition) AS conditions FROM leaving_matches GROUP BY ALL
),
earlier AS (
  SELECT a.trace_id_high, a.trace_id_low, arg_max(a.reason, a.probability) AS reason, max(a.probability) AS probability
  FROM archived_traces a SEMI JOIN leaving_traces l ON l.trace_id_low = a.trace_id_low AND l.trace_id_high = a.trace_id_high
  GROUP BY ALL
)
SELECT l.trace_id_high, l.trace_id_low, CAST(to_json([
  l.service, l.operation,
  CASE
    WHEN l.pinned THEN 'pinned'
    WHEN l.errors > 0 THEN 'error'
    WHEN o.first_ms IS NULL OR o.first_ms > $new_since_ms THEN 'new'
    WHEN $slow > 0 AND u.total >= $enough AND l.bucket > u.slowest THEN 'slow'
    WHEN $fast > 0 AND u.total >= $enough AND l.bucket < u.fastest THEN 'fast'
    WHEN $rare > 0 AND h.total >= $enough AND h.known < $most_shapes AND coalesce(s.traces, 0) < $rare * h.total THEN 'rare'
    ELSE 'baseline'
  END,
  array_to_string(list_filter([/* policies */ NULL]::INTEGER[], lambda p: p IS NOT NULL), ','),
  CASE WHEN list_has_any(coalesce(m.conditions, []), [/* burning */]::INTEGER[]) THEN 'burning' ELSE '' END,
  coalesce(e.reason, ''), coalesce(CAST(e.probability AS VARCHAR), '')
]) AS VARCHAR)
FROM leaving_traces l
LEFT JOIN usual u ON u.service = l.service AND u.operation = l.operation
LEFT JOIN shapes h ON h.service = l.service AND h.operation = l.operation
LEFT JOIN sampling_shapes s ON s.service = l.service AND s.operation = l.operation AND s.shape = l.shape
LEFT JOIN sampling_operations o ON o.service = l.service AND o.operation = l.operation
LEFT JOIN matches m ON m.trace_id_high = l.trace_id_high AND m.trace_id_low = l.trace_id_low
LEFT JOIN earlier e ON e.trace_id_high = l.trace_id_high AND e.trace_id_low = l.trace_id_low
