-- The most frequent values of each of some fields, over the spans that a search found.
-- The 99th percentile is exact, by weight: of each value the bucket of durations is found in which it lies, then its place among the spans
-- of this bucket. To sort all of them takes five times as long.
WITH RECURSIVE /* archive */ /* search */
observed AS MATERIALIZED (
  SELECT s.weight, s.status = 2 AS failed, s.duration_ns, CAST(floor(ln(greatest(s.duration_ns, 1)) * 10) AS INTEGER) AS bucket, s.resource_id, /* values of spans */ AS span_values
  FROM /* spans found */ AND s.end_ms >= $from_ms AND s.end_ms < $to_ms AND /* sample */
),
-- Few resources have many spans: what is theirs is read once.
of_resources AS MATERIALIZED (SELECT r.resource_id, /* values of resources */ AS resource_values FROM resources r SEMI JOIN observed o ON o.resource_id = r.resource_id),
facts AS (
  SELECT o.weight, o.failed, o.bucket, unnest(list_concat(o.span_values, r.resource_values)) AS value, unnest(range($fields)) AS field
  FROM observed o JOIN of_resources r ON r.resource_id = o.resource_id
),
buckets AS (
  SELECT field, value, bucket, sum(weight) AS weight, coalesce(sum(weight) FILTER (failed), 0) AS errors
  FROM facts WHERE value IS NOT NULL AND value <> 'null' GROUP BY ALL
),
reached AS (SELECT *, sum(weight) OVER (PARTITION BY field, value ORDER BY bucket) AS reached, sum(weight) OVER (PARTITION BY field, value) AS total FROM buckets),
counted AS MATERIALIZED (
  SELECT field, value, sum(weight) AS spans, sum(errors) AS errors, min(bucket) FILTER (reached >= 0.99 * total * (1 - 1e-12)) AS bucket, coalesce(max(reached) FILTER (reached < 0.99 * total * (1 - 1e-12)), 0) AS below
  FROM reached GROUP BY ALL
),
ranked AS MATERIALIZED (
  SELECT *, count(*) OVER (PARTITION BY field) AS distinct_values
  FROM counted QUALIFY row_number() OVER (PARTITION BY field ORDER BY spans DESC, value) <= $top
),
slowest AS (
  SELECT o.weight, o.duration_ns, o.bucket, unnest(list_concat(o.span_values, r.resource_values)) AS value, unnest(range($fields)) AS field
  FROM observed o SEMI JOIN ranked k ON k.bucket = o.bucket JOIN of_resources r ON r.resource_id = o.resource_id
),
placed AS (
  SELECT k.field, k.value, s.duration_ns, k.below + sum(s.weight) OVER (PARTITION BY k.field, k.value ORDER BY s.duration_ns) >= 0.99 * k.spans * (1 - 1e-12) AS is_above
  FROM slowest s JOIN ranked k ON k.field = s.field AND k.value = s.value AND k.bucket = s.bucket
),
percentiles AS (SELECT field, value, coalesce(min(duration_ns) FILTER (is_above), max(duration_ns)) AS p99_ns FROM placed GROUP BY ALL)
SELECT (SELECT count(*) FROM observed) AS looked, (SELECT sum(weight) FROM observed) AS weighted, k.field, k.value, k.spans, k.errors, k.distinct_values, p.p99_ns
FROM (SELECT 1) one LEFT JOIN ranked k ON TRUE LEFT JOIN percentiles p ON p.field = k.field AND p.value = k.value
ORDER BY k.field, k.spans DESC, k.value
