-- Traces whose first failed span arrived in a stretch of time: their number, and a sample spread by hash.
-- Of a part of all traces, so that no more memory is needed than there is.
-- A 5xx or a gRPC fault of a server counts as well where the status was left unset.
WITH failed AS (
  SELECT trace_id_high, trace_id_low, min(arrival_ms) AS first_ms
  FROM spans
  WHERE arrival_ms > $from_ms - $before_ms AND arrival_ms <= $to_ms AND NOT imported AND trace_id_low % $parts = $part
    AND (status = 2 OR (status = 0 AND kind IN (2, 5) AND contains(attributes, 'status_code')
      AND regexp_matches(attributes, '"(http\.(response\.)?status_code"\s*:\s*5\d\d|rpc\.(grpc\.|response\.)?status_code"\s*:\s*"?(2|4|12|13|14|15|UNKNOWN|DEADLINE_EXCEEDED|UNIMPLEMENTED|INTERNAL|UNAVAILABLE|DATA_LOSS)\b)')))
  GROUP BY trace_id_high, trace_id_low
  HAVING min(arrival_ms) > $from_ms
)
SELECT trace_id_high, trace_id_low, count(*) OVER () AS trace_count, hash(trace_id_high, trace_id_low) AS place
FROM failed
ORDER BY place
LIMIT $limit
