-- Stretches of minutes in which Tocsin was up: consecutive minutes minus their rank are one number.
SELECT min(minute) AS first_minute, max(minute) + 1 AS end_minute
FROM (SELECT minute, minute - row_number() OVER (ORDER BY minute) AS stretch FROM uptime WHERE minute >= $from_minute AND minute < $to_minute)
GROUP BY stretch
ORDER BY first_minute
