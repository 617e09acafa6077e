-- Requests by service, operation and latency bucket in a range of minutes. Kinds: 2 server, 5 consumer.
SELECT service, operation, bucket, sum(spans) AS spans, sum(errors) AS errors
FROM red_slices
WHERE event_minute BETWEEN $first AND $last AND kind IN (2, 5) AND ($service = '' OR service = $service)
GROUP BY service, operation, bucket
ORDER BY service, operation, bucket
