-- Logs live and die with the hot spans.
DELETE FROM logs
WHERE arrival_ms < $before_ms
  AND NOT EXISTS (SELECT 1 FROM pinned_traces p WHERE p.trace_id_high = logs.trace_id_high AND p.trace_id_low = logs.trace_id_low)
