-- Of each step of time the bad event of one SLO that took longest: one request that stands for the others.
WITH /* archive */ ended AS (
  SELECT * FROM spans WHERE end_ms >= $from_ms AND end_ms < $to_ms AND NOT imported
)
SELECT (s.end_ms - $from_ms) // $step_ms AS step, s.trace_id_high, s.trace_id_low, s.span_id, s.service, s.name, s.end_ms, s.duration_ns
FROM ended s JOIN resources r ON r.resource_id = s.resource_id
WHERE (/* total */ TRUE) IS TRUE AND (/* bad */ TRUE)
QUALIFY row_number() OVER (PARTITION BY step ORDER BY s.duration_ns DESC, s.span_id) = 1
ORDER BY step
