-- Closed arrival minutes: the rows of one key, as one.
CREATE OR REPLACE TEMP TABLE compacted_red_slices AS
SELECT service, operation, kind, event_minute, arrival_minute, bucket, sum(spans) AS spans, sum(errors) AS errors, sum(duration_ns) AS duration_ns,
  sum(coalesce(spans_squared, spans)) AS spans_squared, sum(coalesce(errors_squared, errors)) AS errors_squared
FROM red_slices WHERE arrival_minute >= $from_minute AND arrival_minute < $to_minute
GROUP BY service, operation, kind, event_minute, arrival_minute, bucket
