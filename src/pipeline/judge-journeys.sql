-- The traces of due-journeys.sql: every entry of them, and whether the query finds something in the trace.
WITH RECURSIVE recent AS (
  SELECT s.trace_id_high, s.trace_id_low, max(s.arrival_ms) AS last_ms
  FROM spans s SEMI JOIN journeys j ON j.trace_id_high = s.trace_id_high AND j.trace_id_low = s.trace_id_low AND j.slo_key = $slo_key
  WHERE s.arrival_ms >= $recent_ms
  GROUP BY ALL
),
due AS (
  SELECT j.trace_id_high, j.trace_id_low
  FROM journeys j LEFT JOIN recent n ON n.trace_id_high = j.trace_id_high AND n.trace_id_low = j.trace_id_low
  WHERE j.slo_key = $slo_key
    AND ((j.bad IS NULL AND (j.arrival_ms <= $waited_ms OR coalesce(n.last_ms <= $quiet_ms, j.arrival_ms <= $quiet_ms)))
      OR (j.bad IS NOT NULL AND j.looked_ms >= $correct_since_ms AND n.last_ms >= greatest(j.looked_ms - $slack_ms, $seen_ms)))
  GROUP BY ALL
  -- What has to wait for the next look is what is not judged yet: a late span is seen once.
  ORDER BY bool_or(j.bad IS NOT NULL) DESC
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
