-- Requests of every operation in a range of minutes by latency bucket. Kinds: 2 server, 5 consumer.
SELECT service, operation, kind, bucket, sum(spans) AS requests, sum(errors) AS errors, min(event_minute) AS first_minute, max(event_minute) AS last_minute
FROM red_slices
WHERE event_minute >= $first AND event_minute <= $last AND kind IN (2, 5)
GROUP BY service, operation, kind, bucket
ORDER BY service, operation, kind, bucket
