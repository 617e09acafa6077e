-- Traces with a span, an event, a link or a resource that has the value under the attribute, alone or in a list.
WITH /* archive */ found AS (
  SELECT DISTINCT s.trace_id_high AS high, s.trace_id_low AS low
  FROM spans s LEFT JOIN resources r ON r.resource_id = s.resource_id
  WHERE s.end_ms >= $from_ms AND s.end_ms < $to_ms AND (/* s.attributes */ OR /* r.attributes */
    OR len(list_filter(from_json(coalesce(s.events, '[]'), '["JSON"]'), lambda element: /* element */)) > 0
    OR len(list_filter(from_json(coalesce(s.links, '[]'), '["JSON"]'), lambda element: /* element */)) > 0)
)
SELECT high, low FROM found
