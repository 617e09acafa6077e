-- Traces of a new file, sorted, so that a lookup passes over most of them.
INSERT INTO archived_traces
SELECT trace_id_high, trace_id_low, $file_id, reason, probability FROM leaving_kept WHERE hour = $hour ORDER BY trace_id_low
