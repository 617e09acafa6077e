-- Good events of one SLO in a window: their number, and those nearest in time to the given moments.
WITH near AS (
  SELECT unnest(string_split($near_ns, ','))::BIGINT AS near_ns
), events AS (
  SELECT s.trace_id_high, s.trace_id_low, s.span_id, s.start_ns, s.duration_ns, count(*) OVER () AS event_count
  FROM spans s JOIN resources r ON r.resource_id = s.resource_id
  WHERE s.end_ms >= $from_ms AND s.end_ms < $to_ms AND NOT s.imported
    AND (/* total */ TRUE)
    AND NOT (/* bad */ TRUE)
), distances AS (
  SELECT e.trace_id_high, e.trace_id_low, e.span_id, e.start_ns, e.duration_ns, e.event_count,
    row_number() OVER (PARTITION BY n.near_ns ORDER BY abs(e.start_ns - n.near_ns), e.span_id) AS nearness
  FROM events e CROSS JOIN near n
), chosen AS (
  SELECT trace_id_high, trace_id_low, span_id, start_ns, duration_ns, event_count, min(nearness) AS nearness
  FROM distances
  GROUP BY ALL
  ORDER BY nearness, start_ns, span_id
  LIMIT $limit
)
SELECT trace_id_high, trace_id_low, span_id, start_ns, duration_ns, event_count FROM chosen ORDER BY start_ns, span_id
