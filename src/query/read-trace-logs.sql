-- Log records that name a trace, oldest first.
SELECT span_id, time_ns, severity_number, severity_text, body, service, attributes
FROM logs
WHERE trace_id_high = $high AND trace_id_low = $low
ORDER BY time_ns
LIMIT $limit
