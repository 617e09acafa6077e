-- Incidents about anomalies that ended without anybody having done anything, by key: a person in the timeline has (as in the report, Tocsin's own entries are by "tocsin" or "tocsin …").
SELECT key, count(*) AS unheeded
FROM incidents
WHERE started_at_ms >= $since_ms AND status = 'resolved' AND starts_with(key, $prefix) AND json_extract_string(document, '$.acknowledgedBy') IS NULL
  AND len(list_filter(json_extract_string(document, '$.timeline[*].actor'), lambda actor: actor <> 'tocsin' AND NOT starts_with(actor, 'tocsin '))) = 0
GROUP BY key
