-- Incidents about anomalies that ended without anybody having taken them, by key.
SELECT key, count(*) AS unheeded
FROM incidents
WHERE started_at_ms >= $since_ms AND status = 'resolved' AND starts_with(key, $prefix) AND json_extract_string(document, '$.acknowledgedBy') IS NULL
GROUP BY key
