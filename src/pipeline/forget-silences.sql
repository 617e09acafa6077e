-- Makes room for new versions, and lets go of what is over; `$ids` is a JSON array.
DELETE FROM silences WHERE silence_id IN (SELECT unnest(from_json($ids, '["VARCHAR"]')))
