-- How much of the hot store an erasure takes.
UPDATE erasures SET
  hot_spans = hot_spans + (SELECT count(*) FROM spans s SEMI JOIN (SELECT * FROM erasing_traces WHERE erasure_id = $id) e ON e.trace_id_low = s.trace_id_low AND e.trace_id_high = s.trace_id_high),
  logs = logs + (SELECT count(*) FROM logs l WHERE /* logs */)
WHERE id = $id
