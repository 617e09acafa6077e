-- Hot spans of one trace, oldest first.
SELECT s.*, r.attributes AS resource_attributes
FROM /* arrived */ spans s LEFT JOIN resources r ON r.resource_id = s.resource_id
WHERE s.trace_id_high = $high AND s.trace_id_low = $low
ORDER BY s.start_ns, s.span_id
LIMIT $limit
