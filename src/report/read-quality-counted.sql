-- Requests and failures as they were counted on the way in, before any sampling.
SELECT service, sum(spans) AS requests, sum(errors) AS failures FROM red_slices
WHERE kind IN (2, 5) AND event_minute >= $from_ms // 60000 AND event_minute < $to_ms // 60000 GROUP BY service
