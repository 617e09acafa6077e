-- Incidents, newest first; `$statuses` is a comma-separated list, empty for all.
SELECT document FROM incidents
WHERE $statuses = '' OR list_contains(string_split($statuses, ','), status)
ORDER BY started_at_ms DESC, incident_id DESC
LIMIT $limit
