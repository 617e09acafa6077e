-- Good and bad live events of every SLO in a time.
SELECT slice_key, sum(good) AS good, sum(bad) AS bad FROM slo_slices WHERE NOT imported AND event_minute >= $from_ms // 60000 AND event_minute < $to_ms // 60000 GROUP BY slice_key
