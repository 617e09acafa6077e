-- Hot spans that are erased have left the hot store like those that were sampled out: hot = pending + kept + sampled out.
INSERT INTO left_hot
SELECT CAST(arrival_ms // 60000 AS INTEGER), 0, count(*) FROM spans
WHERE EXISTS (SELECT 1 FROM erasing_traces e WHERE e.erasure_id = $id AND e.trace_id_low = spans.trace_id_low AND e.trace_id_high = spans.trace_id_high)
GROUP BY ALL
