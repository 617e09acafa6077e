-- Operations that were judged to be unusual in a quarter of an hour; `$operations` is a JSON array.
INSERT INTO unusual_windows
SELECT entry.service, entry.operation, $from_minute FROM (SELECT unnest(from_json($operations, '[{"service":"VARCHAR","operation":"VARCHAR"}]')) AS entry)
