-- More failed requests; `$rows` is a JSON array.
INSERT INTO signature_counts (signature_id, minute, failures)
SELECT entry.id, entry.minute, entry.failures FROM (SELECT unnest(from_json($rows, '[{"id":"VARCHAR","minute":"INTEGER","failures":"DOUBLE"}]')) AS entry)
