-- Of which traces spans came within a stretch of time.
SELECT trace_id_low, arrival_ms FROM spans WHERE arrival_ms >= $from_ms AND arrival_ms < $to_ms
