-- Incidents about error budgets that were open at some time since then: the services that they are about, begin and end (null: still open).
SELECT DISTINCT unnest(json_extract_string(document, '$.alerts[*].labels.service')) AS service, started_at_ms, ended_at_ms
FROM incidents
WHERE starts_with(key, 'slo:') AND (ended_at_ms IS NULL OR ended_at_ms >= $since_ms)
ORDER BY service, started_at_ms
