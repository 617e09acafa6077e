-- One incident.
SELECT document FROM incidents WHERE incident_id = $incident_id
