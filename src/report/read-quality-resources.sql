-- The resources that sent spans in a window.
WITH /* archive */
nothing AS (SELECT 1)
SELECT r.service, r.attributes, s.n, s.examples FROM (
  SELECT resource_id, count(*)::DOUBLE AS n,
    to_json(list_transform(min({'th': trace_id_high, 'tl': trace_id_low, 's': span_id}, 3), lambda e: [lpad(lower(hex(e.th)), 16, '0') || lpad(lower(hex(e.tl)), 16, '0'), lpad(lower(hex(e.s)), 16, '0')]))::VARCHAR AS examples
  FROM spans WHERE end_ms >= $from_ms AND end_ms < $to_ms GROUP BY resource_id
) s JOIN resources r ON r.resource_id = s.resource_id
ORDER BY s.n DESC LIMIT 2000
