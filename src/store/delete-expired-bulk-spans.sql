-- Hot spans whose time is over, by arrival, except those of pinned traces: those that came in bulk.
DELETE FROM spans_bulk
WHERE arrival_ms < $before_ms
  AND NOT EXISTS (SELECT 1 FROM pinned_traces p WHERE p.trace_id_high = spans_bulk.trace_id_high AND p.trace_id_low = spans_bulk.trace_id_low)
