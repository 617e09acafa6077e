-- Calls between services: spans whose parent is another service's, by weight.
SELECT p.service AS parent, c.service AS child, sum(c.weight) AS calls
FROM spans c JOIN spans p ON p.trace_id_high = c.trace_id_high AND p.trace_id_low = c.trace_id_low AND p.span_id = c.parent_span_id
WHERE c.end_ms >= $from_ms AND c.end_ms < $to_ms AND c.parent_span_id <> 0 AND p.service <> c.service
GROUP BY p.service, c.service
ORDER BY parent, child
