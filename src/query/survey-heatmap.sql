-- Spans that a search found, by step of time and half octave of duration, with weights.
WITH RECURSIVE /* archive */ /* search */
observed AS (
  SELECT s.end_ms, s.duration_ns, s.weight, s.status = 2 AS failed
  FROM /* spans found */ AND s.end_ms >= $from_ms AND s.end_ms < $to_ms
)
SELECT CAST((end_ms - $from_ms) // $step_ms AS INTEGER) AS step, CAST(floor(log2(greatest(duration_ns, 1)) * $rows_per_octave) AS INTEGER) AS row,
  sum(weight) AS spans, coalesce(sum(weight) FILTER (failed), 0) AS errors
FROM observed
GROUP BY ALL
