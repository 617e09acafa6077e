-- Where a chain breaks: a caller's CLIENT span without a child, and while it ran a root of another service that answers the same method and path, or the same procedure.
-- `$shift_ns` moves the roots in time: then it counts what coincidence alone brings together.
WITH /* archive */
callers AS (
  SELECT DISTINCT trace_id_high, trace_id_low FROM spans WHERE end_ms >= $from_ms AND end_ms < $to_ms AND kind = 3
),
children AS MATERIALIZED (
  SELECT trace_id_high AS th, trace_id_low AS tl, parent_span_id AS pid FROM spans SEMI JOIN callers USING (trace_id_high, trace_id_low)
  WHERE end_ms >= $near_from_ms AND end_ms < $near_to_ms AND parent_span_id <> 0
),
-- Roots that answer, and calls without an answer. A call of a database can meet no root: it is not read.
wanted AS (
  SELECT trace_id_high AS th, trace_id_low AS tl, span_id, kind, start_ns, start_ns + duration_ns AS stop_ns, service, attributes FROM spans
  WHERE end_ms >= $from_ms AND end_ms < $to_ms AND kind = 2 AND parent_span_id = 0
  UNION ALL
  SELECT c.trace_id_high AS th, c.trace_id_low AS tl, c.span_id, c.kind, c.start_ns, c.start_ns + c.duration_ns AS stop_ns, c.service, c.attributes FROM spans c
  ANTI JOIN children d ON d.th = c.trace_id_high AND d.tl = c.trace_id_low AND d.pid = c.span_id
  WHERE c.end_ms >= $from_ms AND c.end_ms < $to_ms AND c.kind = 3 AND NOT contains(c.attributes, '"db.system')
),
told AS MATERIALIZED (
  SELECT * EXCLUDE (attributes), json_extract_string(attributes, ['$."http.request.method"', '$."url.path"', '$."url.full"', '$."service.peer.name"', '$."peer.service"', '$."server.address"', '$."rpc.service"', '$."rpc.method"']) AS told FROM wanted
),
described AS MATERIALIZED (
  SELECT * EXCLUDE (told), coalesce(told[1], '') AS method, coalesce(told[2], nullif(regexp_extract(coalesce(told[3], ''), '^[a-zA-Z]+://[^/]+(/[^?#]*)', 1), ''), concat_ws('/', told[7], told[8])) AS path, coalesce(told[4], told[5], told[6], '') AS peer FROM told
),
calls AS (SELECT * FROM described WHERE kind = 3),
roots AS (SELECT * REPLACE (start_ns + $shift_ns::BIGINT AS start_ns, stop_ns + $shift_ns::BIGINT AS stop_ns) FROM described WHERE kind = 2),
met AS (
  SELECT c.service AS caller, r.service AS callee, r.th, r.tl, r.span_id, c.th AS call_th, c.tl AS call_tl, c.span_id AS call_span_id
  FROM roots r ASOF JOIN calls c ON c.method = r.method AND c.path = r.path AND c.start_ns <= r.start_ns
  WHERE r.stop_ns <= c.stop_ns + 1000000 AND c.service <> r.service
),
facts AS (
  SELECT 'broken-context' AS fact, caller AS service, callee AS subject, count(DISTINCT (call_th, call_tl, call_span_id))::DOUBLE AS n, count(DISTINCT (call_th, call_tl, call_span_id))::DOUBLE AS bad, 0::DOUBLE AS value,
    min({'th': call_th, 'tl': call_tl, 's': call_span_id}, 2) || min({'th': th, 'tl': tl, 's': span_id}, 2) AS examples
  FROM met GROUP BY caller, callee
  UNION ALL BY NAME
  SELECT 'unanswered-call' AS fact, c.service, c.peer AS subject, count(*)::DOUBLE AS n, count(*)::DOUBLE AS bad, 0::DOUBLE AS value, min({'th': c.th, 'tl': c.tl, 's': c.span_id}, 3) AS examples
  FROM calls c ANTI JOIN met m ON m.call_th = c.th AND m.call_tl = c.tl AND m.call_span_id = c.span_id WHERE c.peer <> '' GROUP BY c.service, c.peer
)
SELECT fact, service, subject, n, bad, value, to_json(list_transform(coalesce(examples, []), lambda e: [lpad(lower(hex(e.th)), 16, '0') || lpad(lower(hex(e.tl)), 16, '0'), lpad(lower(hex(e.s)), 16, '0')]))::VARCHAR AS examples
FROM facts
