-- New versions of silences; `$rows` is a JSON array.
INSERT INTO silences (silence_id, ends_at_ms, document)
SELECT entry.id, entry.ends_at_ms, entry.document FROM (SELECT unnest(from_json($rows, '[{"id":"VARCHAR","ends_at_ms":"BIGINT","document":"VARCHAR"}]')) AS entry)
