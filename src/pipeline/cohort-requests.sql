-- Requests that meet a condition, a sample spread by hash.
WITH /* archive */ ended AS (
  SELECT * FROM spans WHERE end_ms >= $from_ms AND end_ms < $to_ms AND NOT imported
)
SELECT s.service, s.name, s.duration_ns,
  s.status = 2 OR (s.status = 0 AND regexp_matches(s.attributes, '"(http\.(response\.)?status_code"\s*:\s*5\d\d|rpc\.(grpc\.|response\.)?status_code"\s*:\s*"?(2|4|12|13|14|15|UNKNOWN|DEADLINE_EXCEEDED|UNIMPLEMENTED|INTERNAL|UNAVAILABLE|DATA_LOSS)\b)')) AS failed
FROM ended s JOIN resources r ON r.resource_id = s.resource_id
WHERE s.kind IN (2, 5) AND (/* total */ TRUE) IS TRUE
ORDER BY hash(s.trace_id_high, s.trace_id_low, s.span_id)
LIMIT $limit
