-- Where the slowest traces of a window spend their time: the slowest 1 % (at most 200) by latency; of each span the time in which no child of it ran.
WITH /* archive */
whole AS (
  SELECT trace_id_high AS th, trace_id_low AS tl, max(start_ns + duration_ns) - min(start_ns) AS latency_ns, arg_min(service, CASE WHEN parent_span_id = 0 THEN 0 ELSE start_ns END) AS service, count(*) AS n, min(span_id) AS s
  FROM spans WHERE end_ms >= $from_ms AND end_ms < $to_ms GROUP BY ALL
),
slowest AS MATERIALIZED (SELECT * FROM whole ORDER BY latency_ns DESC LIMIT (SELECT least(200, greatest(1, count(*) // 100)) FROM whole)),
-- Its spans alone: a trace that goes on elsewhere is told by what is here.
those AS MATERIALIZED (
  SELECT s.trace_id_high AS th, s.trace_id_low AS tl, s.span_id, s.parent_span_id AS pid, s.service, s.name, s.start_ns::HUGEINT AS start_ns, s.duration_ns::HUGEINT AS duration_ns
  FROM spans s SEMI JOIN slowest w ON w.th = s.trace_id_high AND w.tl = s.trace_id_low WHERE s.end_ms >= $from_ms AND s.end_ms < $to_ms
),
-- Of each child what lies within its parent, and the end of those that began before it: what several cover counts once.
within AS (
  SELECT c.th, c.tl, c.pid, greatest(c.start_ns, p.start_ns) AS from_ns, least(c.start_ns + c.duration_ns, p.start_ns + p.duration_ns) AS to_ns,
    max(least(c.start_ns + c.duration_ns, p.start_ns + p.duration_ns)) OVER (PARTITION BY c.th, c.tl, c.pid ORDER BY c.start_ns, c.span_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered_ns
  FROM those c JOIN those p ON p.th = c.th AND p.tl = c.tl AND p.span_id = c.pid
),
selves AS (
  SELECT p.th, p.tl, p.span_id, p.service, p.name, greatest(0, p.duration_ns - coalesce(c.spent_ns, 0)) AS self_ns
  FROM those p LEFT JOIN (SELECT th, tl, pid, sum(greatest(0, to_ns - greatest(from_ns, coalesce(covered_ns, from_ns)))) AS spent_ns FROM within GROUP BY ALL) c ON c.th = p.th AND c.tl = p.tl AND c.pid = p.span_id
),
facts AS (
  SELECT 'slow-traces' AS fact, service, '' AS subject, count(*)::DOUBLE AS n, 0::DOUBLE AS bad, sum(latency_ns)::DOUBLE AS value, min({'th': th, 'tl': tl, 's': s}, 3) AS examples FROM slowest GROUP BY service
  UNION ALL BY NAME
  SELECT * FROM (
    SELECT 'slow-self' AS fact, service, name AS subject, count(DISTINCT (th, tl))::DOUBLE AS n, 0::DOUBLE AS bad, sum(self_ns)::DOUBLE AS value, min({'th': th, 'tl': tl, 's': span_id}, 3) AS examples
    FROM selves GROUP BY service, name ORDER BY value DESC LIMIT 20
  )
)
SELECT fact, service, subject, n, bad, value, to_json(list_transform(coalesce(examples, []), lambda e: [lpad(lower(hex(e.th)), 16, '0') || lpad(lower(hex(e.tl)), 16, '0'), lpad(lower(hex(e.s)), 16, '0')]))::VARCHAR AS examples
FROM facts
