-- The traces that are due: every entry of them, and whether the query finds something in the trace.
WITH RECURSIVE /* due entries */,
due AS (
  SELECT trace_id_high, trace_id_low
  FROM due_entries
  GROUP BY ALL
  -- What has to wait for the next look is what is not judged yet: a late span is seen once.
  ORDER BY bool_or(bad IS NOT NULL) DESC
  LIMIT $limit
),
journey_rows AS MATERIALIZED (
  SELECT s.* FROM /* spans */ s SEMI JOIN due d ON d.trace_id_high = s.trace_id_high AND d.trace_id_low = s.trace_id_low WHERE s.arrival_ms >= $since_ms
),
/* search */
found AS (SELECT DISTINCT th, tl FROM /* found */)
SELECT j.slice_key, j.group_key, CAST(j.trace_id_high AS VARCHAR) AS trace_id_high, CAST(j.trace_id_low AS VARCHAR) AS trace_id_low, CAST(j.span_id AS VARCHAR) AS span_id,
  j.event_minute, j.arrival_ms, j.weight, j.weight_unknown, j.imported, j.bad, f.th IS NOT NULL AS found
FROM journeys j SEMI JOIN due d ON d.trace_id_high = j.trace_id_high AND d.trace_id_low = j.trace_id_low
  LEFT JOIN found f ON f.th = j.trace_id_high AND f.tl = j.trace_id_low
WHERE j.slo_key = $slo_key
ORDER BY j.start_ns, j.span_id
