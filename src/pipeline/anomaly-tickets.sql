-- Incidents about anomalies that were open at some time since then: key, begin and end (null: still open).
SELECT key, started_at_ms, ended_at_ms
FROM incidents
WHERE starts_with(key, $prefix) AND (ended_at_ms IS NULL OR ended_at_ms >= $since_ms)
ORDER BY key, started_at_ms
