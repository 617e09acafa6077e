-- Since when services have requests in a range of minutes that begins some time before what is asked for. Kinds: 2 server, 5 consumer.
SELECT service, min(event_minute) AS first_minute
FROM red_slices
WHERE event_minute BETWEEN $earlier AND $last AND kind IN (2, 5) AND ($service = '' OR service = $service)
GROUP BY service
