-- Of more signatures than are kept, those that were quiet for longest.
DELETE FROM signatures WHERE signature_id IN (SELECT signature_id FROM signatures ORDER BY last_seen_ms DESC, signature_id OFFSET $limit)
