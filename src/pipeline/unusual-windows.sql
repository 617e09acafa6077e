-- Quarters of an hour since then in which an operation was judged to be unusual.
SELECT DISTINCT service, operation, from_minute FROM unusual_windows WHERE from_minute >= $since_minute ORDER BY service, operation, from_minute
