-- Live slices of every SLO, one row per key and event minute. Imported ones never page, so they are left out.
SELECT slice_key, event_minute, sum(good) AS good, sum(bad) AS bad, sum(good_squared) AS good_squared, sum(bad_squared) AS bad_squared,
  sum(events) AS events, sum(unknown_weight) AS unknown_weight
FROM slo_slices
WHERE event_minute >= $since_minute AND imported IS NOT TRUE
GROUP BY slice_key, event_minute
