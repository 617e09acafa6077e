-- Requests of some operations by window: all, failed, and slower than the operation's usual 95th percentile. Window 0 is the one that is judged; of the others those are left out in which the operation was told or judged to be unusual, or an SLO of its service alerted (no operation). Windows are quarters of an hour by number, operations have numbers of their own: text would fill the memory. Kinds: 2 server, 5 consumer.
WITH windows AS (
  SELECT unnest(from_json($windows, '[{"position":"SMALLINT","quarter":"INTEGER","before":"BOOLEAN"}]'), recursive := true)
),
wanted AS MATERIALIZED (
  SELECT unnest(from_json($operations, '[{"id":"SMALLINT","service":"VARCHAR","operation":"VARCHAR"}]'), recursive := true)
),
unusual AS (
  SELECT unnest(from_json($unusual, '[{"service":"VARCHAR","operation":"VARCHAR","first":"INTEGER","past":"INTEGER","usual":"INTEGER"}]'), recursive := true)
),
unusual_of AS MATERIALIZED (
  SELECT o.id, u.first, u.past, u.usual FROM unusual u JOIN wanted o ON o.service = u.service AND (u.operation IS NULL OR o.operation = u.operation)
),
left_out AS MATERIALIZED (
  SELECT DISTINCT u.id, w.position FROM unusual_of u JOIN windows w ON w.position > 0 AND w.quarter >= u.first AND (u.past IS NULL OR w.quarter < u.past)
),
before_ticket AS MATERIALIZED (
  SELECT DISTINCT u.id, w.position FROM unusual_of u JOIN windows w ON w.before AND u.past IS NULL AND w.quarter >= u.usual AND w.quarter < u.first
),
counted AS MATERIALIZED (
  SELECT o.id, w.position, r.bucket, sum(r.spans) AS requests, sum(r.errors) AS errors, sum(coalesce(r.spans_squared, r.spans)) AS requests_squared, sum(coalesce(r.errors_squared, r.errors)) AS errors_squared
  FROM red_slices r JOIN windows w ON w.quarter = r.event_minute // 15 JOIN wanted o ON o.service = r.service AND o.operation = r.operation
  WHERE r.event_minute >= $from_minute AND r.event_minute < $to_minute AND r.kind IN (2, 5) AND r.arrival_minute - r.event_minute <= $late_minutes
    AND (NOT w.before OR EXISTS (SELECT 1 FROM before_ticket b WHERE b.id = o.id AND b.position = w.position))
    AND NOT EXISTS (SELECT 1 FROM left_out l WHERE l.id = o.id AND l.position = w.position)
  GROUP BY ALL
),
ranked AS (
  SELECT id, position = 0 AS judged, bucket, sum(sum(requests)) OVER (PARTITION BY id, position = 0 ORDER BY bucket) AS below, sum(sum(requests)) OVER (PARTITION BY id, position = 0) AS total
  FROM counted GROUP BY id, position = 0, bucket
),
usual AS (
  SELECT id, min(bucket) FILTER (NOT judged AND below >= 0.95 * total) AS usual_bucket, min(bucket) FILTER (judged AND below >= 0.95 * total) AS bucket FROM ranked GROUP BY id
)
SELECT c.id, c.position, any_value(u.usual_bucket) AS usual_bucket, any_value(u.bucket) AS now_bucket,
  sum(c.requests) AS requests, sum(c.errors) AS errors, coalesce(sum(c.requests) FILTER (c.bucket > u.usual_bucket), 0) AS slow,
  sum(c.requests_squared) AS requests_squared, sum(c.errors_squared) AS errors_squared, coalesce(sum(c.requests_squared) FILTER (c.bucket > u.usual_bucket), 0) AS slow_squared
FROM counted c JOIN usual u USING (id)
WHERE u.usual_bucket IS NOT NULL
GROUP BY c.id, c.position
ORDER BY c.id, c.position
