-- Takes the key for an incident that is not resolved. Fails on the primary key while another incident holds it.
INSERT INTO open_incidents (key, incident_id)
SELECT $key, $incident_id
WHERE NOT EXISTS (SELECT 1 FROM open_incidents WHERE key = $key AND incident_id = $incident_id)
