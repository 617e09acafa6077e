-- Makes room for new versions, and lets go of what is over; `$ids` is a JSON array.
DELETE FROM posted_alerts WHERE alert_id IN (SELECT unnest(from_json($ids, '["VARCHAR"]')))
