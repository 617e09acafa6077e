-- Where a chain breaks: a caller's CLIENT span without a child, and while it ran a root of another service that answers the same method and path.
-- `chance` is the same count with the roots moved in time: what coincidence alone brings together.
WITH /* archive */
near AS MATERIALIZED (
  SELECT trace_id_high AS th, trace_id_low AS tl, span_id, parent_span_id AS pid, kind, start_ns, start_ns + duration_ns AS stop_ns, service, end_ms >= $from_ms AND end_ms < $to_ms AS own
  FROM spans WHERE end_ms >= $near_from_ms AND end_ms < $near_to_ms
),
wanted AS MATERIALIZED (
  SELECT * FROM near c WHERE own AND ((kind = 2 AND pid = 0) OR (kind = 3 AND NOT EXISTS (SELECT 1 FROM near d WHERE d.th = c.th AND d.tl = c.tl AND d.pid = c.span_id)))
),
described AS MATERIALIZED (
  SELECT w.*, s.attributes, coalesce(s.attributes ->> '$."http.request.method"', '') AS method,
    coalesce(s.attributes ->> '$."url.path"', nullif(regexp_extract(coalesce(s.attributes ->> '$."url.full"', ''), '^[a-zA-Z]+://[^/]+(/[^?#]*)', 1), ''), '') AS path,
    coalesce(s.attributes ->> '$."service.peer.name"', s.attributes ->> '$."peer.service"', s.attributes ->> '$."server.address"', '') AS peer
  FROM wanted w JOIN spans s ON s.trace_id_high = w.th AND s.trace_id_low = w.tl AND s.span_id = w.span_id
  WHERE s.end_ms >= $from_ms AND s.end_ms < $to_ms AND (s.kind = 2 OR (s.kind = 3 AND NOT contains(s.attributes, '"db.system')))
),
calls AS (SELECT * FROM described WHERE kind = 3),
roots AS (SELECT * FROM described WHERE kind = 2),
met AS (
  SELECT c.service AS caller, r.service AS callee, r.th, r.tl, r.span_id, c.th AS call_th, c.tl AS call_tl, c.span_id AS call_span_id
  FROM roots r ASOF JOIN calls c ON c.method = r.method AND c.path = r.path AND c.start_ns <= r.start_ns
  WHERE r.stop_ns <= c.stop_ns + 1000000 AND c.service <> r.service
),
by_chance AS (
  SELECT c.service AS caller, r.service AS callee, count(*) AS chance
  FROM (SELECT service, method, path, start_ns + $shift_ns AS start_ns, stop_ns + $shift_ns AS stop_ns FROM roots) r ASOF JOIN calls c ON c.method = r.method AND c.path = r.path AND c.start_ns <= r.start_ns
  WHERE r.stop_ns <= c.stop_ns + 1000000 AND c.service <> r.service GROUP BY ALL
),
facts AS (
  SELECT 'broken-context' AS fact, m.caller AS service, m.callee AS subject, count(DISTINCT (m.call_th, m.call_tl, m.call_span_id))::DOUBLE AS n, count(DISTINCT (m.call_th, m.call_tl, m.call_span_id))::DOUBLE AS bad, coalesce(max(b.chance), 0)::DOUBLE AS value,
    min({'th': m.call_th, 'tl': m.call_tl, 's': m.call_span_id}, 2) || min({'th': m.th, 'tl': m.tl, 's': m.span_id}, 2) AS examples
  FROM met m LEFT JOIN by_chance b ON b.caller = m.caller AND b.callee = m.callee GROUP BY m.caller, m.callee
  UNION ALL BY NAME
  SELECT 'unanswered-call' AS fact, c.service, c.peer AS subject, count(*)::DOUBLE AS n, count(*)::DOUBLE AS bad, 0::DOUBLE AS value, min({'th': c.th, 'tl': c.tl, 's': c.span_id}, 3) AS examples
  FROM calls c ANTI JOIN met m ON m.call_th = c.th AND m.call_tl = c.tl AND m.call_span_id = c.span_id WHERE c.peer <> '' GROUP BY c.service, c.peer
)
SELECT fact, service, subject, n, bad, value, to_json(list_transform(coalesce(examples, []), lambda e: [lpad(lower(hex(e.th)), 16, '0') || lpad(lower(hex(e.tl)), 16, '0'), lpad(lower(hex(e.s)), 16, '0')]))::VARCHAR AS examples
FROM facts
