-- Requests by service and minute in a range of minutes, for sparklines. Kinds: 2 server, 5 consumer.
SELECT service, event_minute, sum(spans) AS spans, sum(errors) AS errors
FROM red_slices
WHERE event_minute BETWEEN $first AND $last AND kind IN (2, 5)
GROUP BY service, event_minute
ORDER BY service, event_minute
