-- Requests of the busiest operations by window: all, failed, and slower than the operation's usual 95th percentile. Window 0 is the one that is judged; of the others those are left out in which the operation had a ticket. Kinds: 2 server, 5 consumer.
WITH windows AS (
  SELECT unnest(from_json($windows, '[{"position":"INTEGER","first":"INTEGER","past":"INTEGER","before":"BOOLEAN"}]'), recursive := true)
),
tickets AS MATERIALIZED (
  SELECT unnest(from_json($tickets, '[{"service":"VARCHAR","operation":"VARCHAR","first":"INTEGER","past":"INTEGER","usual":"INTEGER"}]'), recursive := true)
),
every AS MATERIALIZED (
  SELECT r.service, r.operation, w.position, w.first, w.past, w.before, r.bucket, sum(r.spans) AS requests, sum(r.errors) AS errors
  FROM red_slices r JOIN windows w ON r.event_minute >= w.first AND r.event_minute < w.past
  WHERE r.event_minute >= $from_minute AND r.event_minute < $to_minute AND r.kind IN (2, 5) AND r.arrival_minute - r.event_minute <= $late_minutes
  GROUP BY ALL
),
counted AS MATERIALIZED (
  SELECT service, operation, position, bucket, requests, errors FROM every e
  WHERE position = 0 OR (
    NOT EXISTS (SELECT 1 FROM tickets t WHERE t.service = e.service AND t.operation = e.operation AND e.past > t.first AND (t.past IS NULL OR e.first < t.past))
    AND (NOT before OR EXISTS (SELECT 1 FROM tickets t WHERE t.service = e.service AND t.operation = e.operation AND t.past IS NULL AND e.first >= t.usual AND e.past <= t.first))
  )
),
busiest AS (
  SELECT service, operation FROM counted WHERE position = 0 GROUP BY service, operation ORDER BY sum(requests) DESC, service, operation LIMIT $limit
),
ranked AS (
  SELECT service, operation, position = 0 AS judged, bucket, sum(sum(requests)) OVER (PARTITION BY service, operation, position = 0 ORDER BY bucket) AS below, sum(sum(requests)) OVER (PARTITION BY service, operation, position = 0) AS total
  FROM counted SEMI JOIN busiest USING (service, operation) GROUP BY service, operation, position = 0, bucket
),
usual AS (
  SELECT service, operation, min(bucket) FILTER (NOT judged AND below >= 0.95 * total) AS usual_bucket, min(bucket) FILTER (judged AND below >= 0.95 * total) AS bucket FROM ranked GROUP BY service, operation
)
SELECT c.service, c.operation, c.position, any_value(u.usual_bucket) AS usual_bucket, any_value(u.bucket) AS now_bucket,
  sum(c.requests) AS requests, sum(c.errors) AS errors, coalesce(sum(c.requests) FILTER (c.bucket > u.usual_bucket), 0) AS slow
FROM counted c JOIN usual u USING (service, operation)
WHERE u.usual_bucket IS NOT NULL
GROUP BY c.service, c.operation, c.position
ORDER BY c.service, c.operation, c.position
