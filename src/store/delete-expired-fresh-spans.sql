-- Hot spans whose time is over, by arrival, except those of pinned traces: those that came by the log.
DELETE FROM spans_fresh
WHERE arrival_ms < $before_ms
  AND NOT EXISTS (SELECT 1 FROM pinned_traces p WHERE p.trace_id_high = spans_fresh.trace_id_high AND p.trace_id_low = spans_fresh.trace_id_low)
