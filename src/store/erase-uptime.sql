-- Exports were refused in this minute: what it holds may be incomplete.
DELETE FROM uptime WHERE minute = $minute
