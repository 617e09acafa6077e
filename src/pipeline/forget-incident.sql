-- Makes room for the new version of an incident.
DELETE FROM incidents WHERE incident_id = $incident_id
