-- The new version of an incident.
INSERT INTO incidents (incident_id, key, status, severity, title, started_at_ms, ended_at_ms, document)
VALUES ($incident_id, $key, $status, $severity, $title, $started_at_ms, $ended_at_ms::BIGINT, $document)
