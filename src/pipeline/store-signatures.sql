-- New versions of signatures; `$rows` is a JSON array.
INSERT INTO signatures (signature_id, last_seen_ms, document)
SELECT entry.id, entry.last_seen_ms, entry.document FROM (SELECT unnest(from_json($rows, '[{"id":"VARCHAR","last_seen_ms":"BIGINT","document":"VARCHAR"}]')) AS entry)
