-- Spans of these traces, trace by trace, each oldest first.
WITH /* archive */ wanted AS (SELECT * FROM spans WHERE /* traces */)
SELECT s.*, r.attributes AS resource_attributes
FROM wanted s LEFT JOIN resources r ON r.resource_id = s.resource_id
ORDER BY s.trace_id_high, s.trace_id_low, s.start_ns, s.span_id
LIMIT $limit
