-- Spans that were kept or sampled out are hot no longer: those of spans_bulk.
DELETE FROM spans_bulk
WHERE arrival_ms < $before_ms
  AND EXISTS (SELECT 1 FROM leaving_traces l WHERE l.trace_id_high = spans_bulk.trace_id_high AND l.trace_id_low = spans_bulk.trace_id_low)
