-- Bad events of one SLO in a window: their number, and a sample that holds the first, newest and slowest and is else spread by hash. Those stand for themselves, the others for all that were left out as well.
WITH events AS (
  SELECT s.trace_id_high, s.trace_id_low, s.span_id, s.start_ns, s.duration_ns
  FROM spans s JOIN resources r ON r.resource_id = s.resource_id
  WHERE s.end_ms >= $from_ms AND s.end_ms < $to_ms AND NOT s.imported
    AND (/* total */ TRUE)
    AND (/* bad */ TRUE)
), ranked AS (
  SELECT *,
    count(*) OVER () AS event_count,
    least(
      row_number() OVER (ORDER BY start_ns, span_id),
      row_number() OVER (ORDER BY start_ns DESC, span_id),
      row_number() OVER (ORDER BY duration_ns DESC, span_id)
    ) AS extreme,
    row_number() OVER (ORDER BY hash(trace_id_low, span_id), span_id) AS spread
  FROM events
), marked AS (
  SELECT *, extreme <= greatest(1, $limit // 10) AS is_extreme, count(*) FILTER (extreme <= greatest(1, $limit // 10)) OVER () AS extremes
  FROM ranked
), chosen AS (
  SELECT *, CASE WHEN is_extreme THEN 1.0 ELSE (event_count - extremes) / (least(event_count, $limit) - extremes)::DOUBLE END AS stands_for
  FROM marked
  ORDER BY NOT is_extreme, spread
  LIMIT $limit
)
SELECT trace_id_high, trace_id_low, span_id, start_ns, duration_ns, event_count, stands_for FROM chosen ORDER BY start_ns, span_id
