-- Closed arrival minutes: the rows of one key, as one.
CREATE OR REPLACE TEMP TABLE compacted_slo_slices AS
SELECT slice_key, event_minute, arrival_minute, sum(good) AS good, sum(bad) AS bad, sum(good_squared) AS good_squared, sum(bad_squared) AS bad_squared,
  sum(events) AS events, sum(unknown_weight) AS unknown_weight, imported
FROM slo_slices WHERE arrival_minute >= $from_minute AND arrival_minute < $to_minute
GROUP BY slice_key, event_minute, arrival_minute, imported
