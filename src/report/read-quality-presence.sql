-- When each service spoke: minutes and hours in which spans of it ended, the first and the last of them.
WITH /* archive */
ended AS (
  SELECT service, end_ms // 60000 AS minute, count(*) AS n, min(end_ms) AS first_ms, max(end_ms) AS last_ms, min({'th': trace_id_high, 'tl': trace_id_low, 's': span_id}) AS example
  FROM spans WHERE end_ms >= $from_ms AND end_ms < $to_ms GROUP BY ALL
),
facts AS (
  SELECT service, unnest([
    {'fact': 'active-minutes', 'value': last_ms::DOUBLE, 'examples': examples}, {'fact': 'first-seen', 'value': (-first_ms)::DOUBLE, 'examples': NULL}
  ], recursive := true), '' AS subject, minutes::DOUBLE AS n, 0::DOUBLE AS bad
  FROM (SELECT service, count(*) AS minutes, min(first_ms) AS first_ms, max(last_ms) AS last_ms, min(example, 3) AS examples FROM ended GROUP BY service)
  UNION ALL BY NAME
  SELECT service, 'active-hour' AS fact, 0::DOUBLE AS value, NULL AS examples, (minute // 60)::VARCHAR AS subject, sum(n)::DOUBLE AS n, 0::DOUBLE AS bad FROM ended GROUP BY ALL
)
SELECT fact, service, subject, n, bad, value, to_json(list_transform(coalesce(examples, []), lambda e: [lpad(lower(hex(e.th)), 16, '0') || lpad(lower(hex(e.tl)), 16, '0'), lpad(lower(hex(e.s)), 16, '0')]))::VARCHAR AS examples
FROM facts
