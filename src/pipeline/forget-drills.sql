-- Makes room for new versions of drills, and lets go of those that are too old to count; `$ids` is a JSON array.
DELETE FROM drills WHERE drill_id IN (SELECT unnest(from_json($ids, '["VARCHAR"]')))
