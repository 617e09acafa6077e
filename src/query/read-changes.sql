-- What was done to the system in a stretch of time, newest first.
SELECT * FROM changes WHERE at_ms >= $from_ms AND at_ms < $to_ms ORDER BY at_ms DESC, id LIMIT $limit
