-- New versions of what is held; `$rows` is a JSON array.
INSERT INTO held_openings (key, document)
SELECT entry.id, entry.document FROM (SELECT unnest(from_json($rows, '[{"id":"VARCHAR","document":"VARCHAR"}]')) AS entry)
