-- Requests that were counted, by step of time and latency bucket. Kinds: 2 server, 5 consumer.
SELECT (event_minute - $first::INTEGER) // $step::INTEGER AS step, bucket, sum(spans) AS spans, sum(errors) AS errors
FROM red_slices
WHERE event_minute BETWEEN $first AND $last AND kind IN (2, 5) AND ($service = '' OR service = $service) AND ($operation = '' OR operation = $operation)
GROUP BY step, bucket
