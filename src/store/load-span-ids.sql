-- Ids of the spans that came last, oldest first.
SELECT trace_id_high, trace_id_low, span_id, kind, arrival_ms FROM spans WHERE arrival_ms >= $since_ms
