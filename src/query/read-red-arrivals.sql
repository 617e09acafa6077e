-- What arrived in closed minutes, by service, operation, kind and latency bucket; without what is history ($late_minutes).
SELECT service, operation, kind, bucket, sum(spans) AS spans, sum(errors) AS errors
FROM red_slices
WHERE arrival_minute >= $first AND arrival_minute < $end AND arrival_minute - event_minute <= $late_minutes
GROUP BY service, operation, kind, bucket
