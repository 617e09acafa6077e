-- Services with spans in a range of time, and the names and kinds of their spans where one is asked for.
SELECT DISTINCT service, CASE WHEN $service <> '' THEN name END AS name, CASE WHEN $service <> '' THEN kind END AS kind
FROM spans
WHERE end_ms >= $from_ms AND end_ms < $to_ms AND ($service = '' OR service = $service)
ORDER BY service, name, kind
LIMIT $limit
