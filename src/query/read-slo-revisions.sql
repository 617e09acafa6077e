-- Every definition of an SLO that was in force or was counted, newest first, with what its slices hold. Live events only.
WITH counted AS (
  SELECT slice_key, min(event_minute) AS first_minute, max(event_minute) AS last_minute, sum(good) AS good, sum(bad) AS bad
  FROM slo_slices
  WHERE starts_with(slice_key, $slo || '@') AND NOT imported
  GROUP BY slice_key
), known AS (
  SELECT * FROM slo_revisions WHERE slo = $slo
)
SELECT
  coalesce(known.slice_key, counted.slice_key) AS slice_key, known.total, known.polarity, known.part, known.first_in_force_ms,
  counted.first_minute, counted.last_minute, coalesce(counted.good, 0) AS good, coalesce(counted.bad, 0) AS bad
FROM known FULL JOIN counted USING (slice_key)
ORDER BY coalesce(known.first_in_force_ms, counted.first_minute::BIGINT * 60000) DESC, slice_key
