-- Versions of some services, and when a span of each first ended in a stretch of time.
SELECT s.service, coalesce(json_extract_string(r.attributes, '$."service.version"'), '') AS version, min(s.first_ms) AS first_ms
FROM (
  SELECT service, resource_id, min(end_ms) AS first_ms FROM spans
  WHERE end_ms >= $from_ms AND end_ms < $to_ms AND NOT imported AND list_contains(from_json($services, '["VARCHAR"]'), service)
  GROUP BY service, resource_id
) s JOIN resources r ON r.resource_id = s.resource_id
GROUP BY s.service, version
ORDER BY s.service, first_ms, version
