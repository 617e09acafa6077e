-- Good and bad live events of every SLO in a time, with its first and last minutes that have any.
SELECT slice_key, sum(good) AS good, sum(bad) AS bad, min(event_minute) FILTER (WHERE events > 0) AS first_minute, max(event_minute) FILTER (WHERE events > 0) AS last_minute
FROM slo_slices WHERE NOT imported AND event_minute >= $from_ms // 60000 AND event_minute < $to_ms // 60000 GROUP BY slice_key
