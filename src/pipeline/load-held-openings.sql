-- What has begun to fire and is no incident yet.
SELECT document FROM held_openings ORDER BY key
