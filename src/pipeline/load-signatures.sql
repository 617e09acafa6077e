-- The signatures seen last.
SELECT document FROM signatures ORDER BY last_seen_ms DESC LIMIT $limit
