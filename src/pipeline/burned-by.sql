-- Events of one SLO in a window, by version and operation: weighted, and when each was first and last seen.
WITH /* archive */ ended AS (
  SELECT * FROM spans WHERE end_ms >= $from_ms AND end_ms < $to_ms AND NOT imported
)
SELECT s.service, coalesce(json_extract_string(r.attributes, '$."service.version"'), '') AS version, s.name AS operation,
  sum(s.weight) AS total, coalesce(sum(s.weight) FILTER (/* bad */ TRUE), 0) AS bad,
  min(s.end_ms) AS first_ms, max(s.end_ms) AS last_ms
FROM ended s JOIN resources r ON r.resource_id = s.resource_id
WHERE (/* total */ TRUE) IS TRUE
GROUP BY s.service, version, operation
ORDER BY bad DESC, total DESC, version, operation
LIMIT $limit
