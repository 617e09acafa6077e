-- Incidents that opened in a time.
SELECT document FROM incidents WHERE started_at_ms >= $from_ms AND started_at_ms < $to_ms ORDER BY started_at_ms LIMIT 5000
