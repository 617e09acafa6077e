-- Spans that were kept or sampled out are hot no longer: those of spans_fresh.
DELETE FROM spans_fresh
WHERE arrival_ms < $before_ms
  AND EXISTS (SELECT 1 FROM leaving_traces l WHERE l.trace_id_high = spans_fresh.trace_id_high AND l.trace_id_low = spans_fresh.trace_id_low)
