-- Of each step of time the slowest request of a service, and the slowest that failed. Kinds: 2 server, 5 consumer.
WITH /* archive */ requests AS (
  SELECT trace_id_high, trace_id_low, span_id, name, duration_ns, status = 2 AS failed, CAST((end_ms - $from_ms) // $step_ms AS INTEGER) AS step
  FROM spans WHERE end_ms >= $from_ms AND end_ms < $to_ms AND service = $service AND kind IN (2, 5)
),
candidates AS (SELECT *, FALSE AS of_failed FROM requests UNION ALL SELECT *, TRUE FROM requests WHERE failed)
SELECT step, of_failed, trace_id_high, trace_id_low, span_id, name, duration_ns FROM candidates
QUALIFY row_number() OVER (PARTITION BY step, of_failed ORDER BY duration_ns DESC, span_id) = 1
ORDER BY step, of_failed
