-- Traces of one SLO that are due for a verdict, or whose verdict late spans may have changed: every entry of them, and whether the query finds something in the trace.
WITH RECURSIVE waiting AS (
  SELECT * FROM journeys WHERE slo_key = $slo_key AND (bad IS NULL OR looked_ms >= $correct_since_ms)
),
newest AS (
  SELECT s.trace_id_high, s.trace_id_low, max(s.arrival_ms) AS last_ms
  FROM spans s SEMI JOIN waiting w ON w.trace_id_high = s.trace_id_high AND w.trace_id_low = s.trace_id_low
  WHERE s.arrival_ms >= $since_ms
  GROUP BY ALL
),
due AS (
  SELECT DISTINCT w.trace_id_high, w.trace_id_low
  FROM waiting w JOIN newest n ON n.trace_id_high = w.trace_id_high AND n.trace_id_low = w.trace_id_low
  WHERE (w.bad IS NULL AND (w.arrival_ms <= $waited_ms OR n.last_ms <= $quiet_ms)) OR (w.bad IS NOT NULL AND n.last_ms >= w.looked_ms - $slack_ms)
  LIMIT $limit
),
journey_rows AS MATERIALIZED (
  SELECT s.* FROM /* spans */ s SEMI JOIN due d ON d.trace_id_high = s.trace_id_high AND d.trace_id_low = s.trace_id_low WHERE s.arrival_ms >= $since_ms
),
/* search */
found AS (SELECT DISTINCT th, tl FROM /* found */)
SELECT w.slice_key, w.group_key, CAST(w.trace_id_high AS VARCHAR) AS trace_id_high, CAST(w.trace_id_low AS VARCHAR) AS trace_id_low, CAST(w.span_id AS VARCHAR) AS span_id,
  CAST(w.start_ns AS VARCHAR) AS start_ns, w.event_minute, w.arrival_ms, w.weight, w.weight_unknown, w.imported, w.bad, f.th IS NOT NULL AS found
FROM waiting w SEMI JOIN due d ON d.trace_id_high = w.trace_id_high AND d.trace_id_low = w.trace_id_low
  LEFT JOIN found f ON f.th = w.trace_id_high AND f.tl = w.trace_id_low
ORDER BY w.start_ns, w.span_id
