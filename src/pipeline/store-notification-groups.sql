-- New versions of notification groups; `$rows` is a JSON array.
INSERT INTO notification_groups (group_id, document)
SELECT entry.id, entry.document FROM (SELECT unnest(from_json($rows, '[{"id":"VARCHAR","document":"VARCHAR"}]')) AS entry)
