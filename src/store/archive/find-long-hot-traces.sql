-- Hot traces of more than $long_ms, as far as they are not known to be as long already.
WITH hot AS (
  SELECT trace_id_high, trace_id_low, min(start_ns) // 1000000 AS from_ms, max(end_ms) AS to_ms FROM spans
  GROUP BY trace_id_high, trace_id_low
  HAVING max(end_ms) - min(start_ns) // 1000000 > $long_ms
)
SELECT trace_id_high AS high, trace_id_low AS low, from_ms, to_ms FROM hot
WHERE NOT EXISTS (SELECT 1 FROM long_traces l WHERE l.trace_id_low = hot.trace_id_low AND l.trace_id_high = hot.trace_id_high AND l.from_ms <= hot.from_ms AND l.to_ms >= hot.to_ms)
