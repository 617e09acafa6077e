-- Requests of one service by step (of $step minutes, counted from $first) and latency bucket. Kinds: 2 server, 5 consumer.
SELECT (event_minute - $first::INTEGER) // $step::INTEGER AS step, bucket, sum(spans) AS spans, sum(errors) AS errors
FROM red_slices
WHERE event_minute BETWEEN $first AND $last AND kind IN (2, 5) AND service = $service
GROUP BY step, bucket
ORDER BY step, bucket
