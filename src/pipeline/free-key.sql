-- A resolved incident lets go of its key.
DELETE FROM open_incidents WHERE incident_id = $incident_id
