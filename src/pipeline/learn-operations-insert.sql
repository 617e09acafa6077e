-- Operations that were not known, with when they were first seen.
INSERT INTO sampling_operations
SELECT l.service, l.operation, $before_ms, sum(l.weight) FROM leaving_traces l
WHERE NOT EXISTS (SELECT 1 FROM sampling_operations k WHERE k.service = l.service AND k.operation = l.operation)
GROUP BY l.service, l.operation
