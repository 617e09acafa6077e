-- Operations with requests in a stretch of minutes, the busiest first. Kinds: 2 server, 5 consumer.
SELECT service, operation
FROM red_slices
WHERE event_minute >= $from_minute AND event_minute < $to_minute AND kind IN (2, 5) AND arrival_minute - event_minute <= $late_minutes
GROUP BY service, operation
ORDER BY sum(spans) DESC, service, operation
LIMIT $limit
