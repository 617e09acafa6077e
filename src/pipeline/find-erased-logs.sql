-- Traces that a hot log record names that has the value, itself or by its resource.
SELECT DISTINCT l.trace_id_high AS high, l.trace_id_low AS low
FROM logs l LEFT JOIN resources r ON r.resource_id = l.resource_id
WHERE l.trace_id_low <> 0 AND (/* l.attributes */ OR /* r.attributes */)
