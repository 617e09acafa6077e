-- What became of the spans that leave, by minute of arrival: hot = pending + kept + sampled out.
INSERT INTO left_hot
SELECT CAST(s.arrival_ms // 60000 AS INTEGER), count(*) FILTER (k.trace_id_low IS NOT NULL), count(*) FILTER (k.trace_id_low IS NULL)
FROM spans s
SEMI JOIN leaving_traces l ON l.trace_id_high = s.trace_id_high AND l.trace_id_low = s.trace_id_low
LEFT JOIN leaving_kept k ON k.trace_id_high = s.trace_id_high AND k.trace_id_low = s.trace_id_low
WHERE s.arrival_ms < $before_ms
GROUP BY ALL
