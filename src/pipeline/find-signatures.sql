-- Signatures by name.
SELECT document FROM signatures WHERE signature_id IN (SELECT unnest(from_json($ids, '["VARCHAR"]')))
