-- Every definition of an SLO that was in force or was counted, newest first, with what its slices hold. Live events only; groups and what is excluded are no definitions.
WITH known AS (
  SELECT * FROM slo_revisions WHERE slo = $slo
), counted AS (
  SELECT s.slice_key, min(s.event_minute) AS first_minute, max(s.event_minute) AS last_minute, sum(s.good) AS good, sum(s.bad) AS bad,
    -- Only a count from stored spans has arrivals from before the definition.
    min(s.event_minute) FILTER (s.arrival_minute < k.first_in_force_ms // 60000) AS stored_minute
  FROM slo_slices s LEFT JOIN known k USING (slice_key)
  WHERE starts_with(s.slice_key, $slo || '@') AND NOT contains(s.slice_key, ' ') AND NOT s.imported
  GROUP BY s.slice_key
)
SELECT
  coalesce(known.slice_key, counted.slice_key) AS slice_key, known.total, known.polarity, known.part, known.first_in_force_ms,
  counted.first_minute, counted.last_minute, counted.stored_minute, coalesce(counted.good, 0) AS good, coalesce(counted.bad, 0) AS bad
FROM known FULL JOIN counted USING (slice_key)
ORDER BY coalesce(known.first_in_force_ms, counted.first_minute::BIGINT * 60000) DESC, slice_key
