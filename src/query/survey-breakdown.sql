-- The most frequent values of each of some fields, over the spans that a search found; of many, an even sample. The 99th percentile is exact, by weight.
WITH RECURSIVE /* archive */ /* search */
in_window AS (SELECT DISTINCT rid FROM /* found */ WHERE end_ms >= $from_ms AND end_ms < $to_ms),
looked AS (SELECT rid FROM in_window ORDER BY hash(rid) LIMIT $sample),
observed AS MATERIALIZED (
  SELECT s.weight, s.status = 2 AS failed, s.duration_ns, /* values */ AS field_values
  FROM looked l JOIN /* spans */ s ON s.row_id = l.rid JOIN resources r ON r.resource_id = s.resource_id /* joins */
),
facts AS (SELECT weight, failed, duration_ns, unnest(field_values) AS value, unnest(range(len(field_values))) AS field FROM observed),
reached AS (
  SELECT *, sum(weight) OVER (PARTITION BY field, value ORDER BY duration_ns) AS reached, sum(weight) OVER (PARTITION BY field, value) AS total
  FROM facts WHERE value IS NOT NULL AND value <> 'null'
),
counted AS (
  SELECT field, value, sum(weight) AS spans, coalesce(sum(weight) FILTER (failed), 0) AS errors, min(duration_ns) FILTER (reached >= 0.99 * total * (1 - 1e-12)) AS p99_ns
  FROM reached GROUP BY field, value
)
SELECT (SELECT count(*) FROM in_window) AS found, (SELECT count(*) FROM observed) AS looked, (SELECT sum(weight) FROM observed) AS weighted, c.*, count(*) OVER (PARTITION BY field) AS distinct_values
FROM (SELECT 1) one LEFT JOIN counted c ON TRUE
QUALIFY row_number() OVER (PARTITION BY field ORDER BY spans DESC, value) <= $top
ORDER BY field, spans DESC, value
