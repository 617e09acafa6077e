-- Incidents that are not resolved.
SELECT incidents.document FROM incidents JOIN open_incidents ON open_incidents.incident_id = incidents.incident_id
ORDER BY incidents.started_at_ms, incidents.incident_id
