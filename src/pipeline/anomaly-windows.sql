-- Requests of the busiest operations by window: all, failed, and slower than the operation's usual 95th percentile. Window 0 is the one that is judged; of the others those are left out in which the operation had a ticket. Kinds: 2 server, 5 consumer.
WITH windows AS (
  SELECT unnest(from_json($windows, '[{"position":"INTEGER","first":"INTEGER","past":"INTEGER","before":"BOOLEAN"}]'), recursive := true)
),
tickets AS MATERIALIZED (
  SELECT unnest(from_json($tickets, '[{"service":"VARCHAR","operation":"VARCHAR","first":"INTEGER","past":"INTEGER","usual":"INTEGER"}]'), recursive := true)
),
left_out AS MATERIALIZED (
  SELECT DISTINCT t.service, t.operation, w.position FROM tickets t JOIN windows w ON w.position > 0 AND w.past > t.first AND (t.past IS NULL OR w.first < t.past)
),
before_ticket AS MATERIALIZED (
  SELECT DISTINCT t.service, t.operation, w.position FROM tickets t JOIN windows w ON w.before AND t.past IS NULL AND w.first >= t.usual AND w.past <= t.first
),
counted AS MATERIALIZED (
  SELECT r.service, r.operation, w.position, r.bucket, sum(r.spans) AS requests, sum(r.errors) AS errors
  FROM red_slices r JOIN windows w ON r.event_minute >= w.first AND r.event_minute < w.past
  LEFT JOIN left_out l ON l.service = r.service AND l.operation = r.operation AND l.position = w.position
  LEFT JOIN before_ticket b ON b.service = r.service AND b.operation = r.operation AND b.position = w.position
  WHERE r.event_minute >= $from_minute AND r.event_minute < $to_minute AND r.kind IN (2, 5) AND r.arrival_minute - r.event_minute <= $late_minutes
    AND l.position IS NULL AND (NOT w.before OR b.position IS NOT NULL)
  GROUP BY ALL
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
