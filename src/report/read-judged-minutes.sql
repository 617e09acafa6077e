-- Live minutes of some SLOs, their keys joined by new lines.
SELECT slice_key, event_minute, sum(good) AS good, sum(bad) AS bad, sum(good_squared) AS good_squared, sum(bad_squared) AS bad_squared, sum(events) AS events, sum(unknown_weight) AS unknown_weight
FROM slo_slices WHERE NOT imported AND slice_key IN (SELECT unnest(string_split($slice_keys, chr(10)))) AND event_minute >= $from_ms // 60000 AND event_minute < $to_ms // 60000 GROUP BY slice_key, event_minute
