-- Requests of some operations by minute: all, and those slower than a latency bucket, or where there is none those that failed. Kinds: 2 server, 5 consumer.
SELECT event_minute, sum(spans) AS requests, sum(coalesce(spans_squared, spans)) AS squared,
  CASE WHEN $slow_bucket::INTEGER IS NULL THEN sum(errors) ELSE coalesce(sum(spans) FILTER (bucket > $slow_bucket::INTEGER), 0) END AS bad
FROM red_slices SEMI JOIN (SELECT unnest(from_json($operations, '[{"service":"VARCHAR","operation":"VARCHAR"}]'), recursive := true)) AS wanted USING (service, operation)
WHERE event_minute >= $from_minute AND event_minute < $to_minute AND kind IN (2, 5)
GROUP BY event_minute
ORDER BY event_minute
