-- Signatures with the value somewhere in them, or with an example from a trace that an erasure takes.
SELECT document, e.erasure_id IS NOT NULL AS erased FROM (SELECT document, json_extract_string(document, '$.document.example.traceId') AS example FROM signatures) s
LEFT JOIN (SELECT DISTINCT erasure_id, printf('%016x%016x', trace_id_high, trace_id_low) AS trace_id FROM erasing_traces WHERE erasure_id = $id) e ON e.trace_id = s.example
WHERE e.erasure_id IS NOT NULL OR contains(document, $value)
