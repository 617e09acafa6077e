-- Old versions of signatures.
DELETE FROM signatures WHERE signature_id IN (SELECT unnest(from_json($ids, '["VARCHAR"]')))
