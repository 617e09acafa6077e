-- Entries of one SLO whose traces are due for a verdict, or for another one because of spans that came since the last look. Only spans of the last seconds are read.
recent AS (
  SELECT s.trace_id_high, s.trace_id_low, max(s.arrival_ms) AS last_ms
  FROM spans s SEMI JOIN journeys j ON j.trace_id_high = s.trace_id_high AND j.trace_id_low = s.trace_id_low AND j.slo_key = $slo_key
  WHERE s.arrival_ms >= $recent_ms
  GROUP BY ALL
),
due_entries AS (
  SELECT j.*
  FROM journeys j LEFT JOIN recent n ON n.trace_id_high = j.trace_id_high AND n.trace_id_low = j.trace_id_low
  WHERE j.slo_key = $slo_key
    AND ((j.bad IS NULL AND (j.arrival_ms <= $waited_ms OR coalesce(n.last_ms <= $quiet_ms, j.arrival_ms <= $quiet_ms)))
      OR (j.bad IS NOT NULL AND j.looked_ms >= $correct_since_ms AND n.last_ms >= greatest(j.looked_ms - $slack_ms, $seen_ms)))
)
