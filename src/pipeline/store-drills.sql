-- New versions of drills; `$rows` is a JSON array.
INSERT INTO drills (drill_id, started_at_ms, document)
SELECT entry.id, entry.started_at_ms, entry.document FROM (SELECT unnest(from_json($rows, '[{"id":"VARCHAR","started_at_ms":"BIGINT","document":"VARCHAR"}]')) AS entry)
