-- Traces that lasted long and may have spans in this time, newest first.
SELECT trace_id_high AS high, trace_id_low AS low, max(to_ms) AS last_ms
FROM long_traces
WHERE to_ms >= $from_ms AND from_ms < $to_ms
GROUP BY ALL
ORDER BY last_ms DESC, low
LIMIT $limit
