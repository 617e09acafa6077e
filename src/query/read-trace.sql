-- Spans of one trace, oldest first.
WITH /* archive */ found AS (
  SELECT * FROM spans WHERE trace_id_high = $high AND trace_id_low = $low
)
SELECT s.*, r.attributes AS resource_attributes
FROM found s LEFT JOIN resources r ON r.resource_id = s.resource_id
ORDER BY s.start_ns, s.span_id
LIMIT $limit
