-- New versions of posted alerts; `$rows` is a JSON array.
INSERT INTO posted_alerts (alert_id, document)
SELECT entry.id, entry.document FROM (SELECT unnest(from_json($rows, '[{"id":"VARCHAR","document":"VARCHAR"}]')) AS entry)
