-- Everything that was or will be sent about one incident.
SELECT * FROM outbox WHERE incident_id = $incident_id ORDER BY position
