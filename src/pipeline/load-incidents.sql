-- Incidents by id, whatever became of them; `$ids` is a JSON array.
SELECT document FROM incidents WHERE incident_id IN (SELECT unnest(from_json($ids, '["VARCHAR"]'))) ORDER BY started_at_ms, incident_id
