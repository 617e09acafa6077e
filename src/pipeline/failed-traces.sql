-- Traces whose first failed span arrived in a stretch of time: their number, and a sample spread by hash.
-- Of a part of all traces, so that no more memory is needed than there is.
-- A 5xx or a gRPC fault of a server counts as well where the status was left unset. That takes reading attributes, so of the minutes before it is asked of traces that fail now alone.
WITH failing AS MATERIALIZED (
  SELECT DISTINCT trace_id_high, trace_id_low
  FROM spans
  WHERE arrival_ms > $from_ms AND arrival_ms <= $to_ms AND NOT imported AND trace_id_low % $parts = $part
    AND (status = 2 OR (status = 0 AND kind IN (2, 5) AND /* fault */ TRUE))
),
earlier AS MATERIALIZED (
  SELECT trace_id_high, trace_id_low, status, attributes
  FROM spans SEMI JOIN failing USING (trace_id_high, trace_id_low)
  WHERE arrival_ms > $from_ms - $before_ms AND arrival_ms <= $from_ms AND NOT imported AND (status = 2 OR (status = 0 AND kind IN (2, 5)))
)
SELECT trace_id_high, trace_id_low, count(*) OVER () AS trace_count, hash(trace_id_high, trace_id_low) AS place
FROM failing ANTI JOIN (SELECT trace_id_high, trace_id_low FROM earlier WHERE status = 2 OR /* fault */ TRUE) USING (trace_id_high, trace_id_low)
ORDER BY place
LIMIT $limit
