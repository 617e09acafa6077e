-- Makes room for new versions, and lets go of what opened or came to nothing; `$ids` is a JSON array of keys.
DELETE FROM held_openings WHERE key IN (SELECT unnest(from_json($ids, '["VARCHAR"]')))
