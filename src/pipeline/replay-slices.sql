-- Slices of some SLOs and their groups that arrived in a stretch of minutes, oldest arrival first. Imported ones, where asked for, as if they had arrived when they happened.
SELECT slice_key, event_minute,
  CASE WHEN imported IS TRUE THEN event_minute ELSE arrival_minute END AS arrived,
  sum(good) AS good, sum(bad) AS bad, sum(good_squared) AS good_squared, sum(bad_squared) AS bad_squared, sum(events) AS events, sum(unknown_weight) AS unknown_weight
FROM slo_slices
WHERE list_contains(string_split($slice_keys, chr(31)), split_part(slice_key, ' ', 1))
  AND ((imported IS NOT TRUE AND arrival_minute >= $from_minute AND arrival_minute < $to_minute)
    OR ($imported AND imported IS TRUE AND event_minute >= $from_minute AND event_minute < $to_minute))
GROUP BY slice_key, event_minute, arrived
ORDER BY arrived, event_minute
