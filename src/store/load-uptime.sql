-- Minutes in which Tocsin was up, oldest first.
SELECT minute FROM uptime WHERE minute >= $since_minute ORDER BY minute
