-- Where a chain breaks: a caller's CLIENT span without a child, and while it ran a root of another service that answers the same method and path.
-- `$shift_ns` moves the roots in time: then it counts what coincidence alone brings together.
WITH /* archive */
near AS MATERIALIZED (
  SELECT trace_id_high AS th, trace_id_low AS tl, span_id, parent_span_id AS pid, kind, start_ns, start_ns + duration_ns AS stop_ns, service, end_ms >= $from_ms AND end_ms < $to_ms AS own
  FROM spans WHERE end_ms >= $near_from_ms AND end_ms < $near_to_ms
),
wanted AS MATERIALIZED (
  SELECT * FROM near WHERE own AND kind = 2 AND pid = 0
  UNION ALL
  SELECT c.* FROM near c ANTI JOIN near d ON d.th = c.th AND d.tl = c.tl AND d.pid = c.span_id WHERE c.own AND c.kind = 3
),
-- One reading of the JSON for all that is asked of it. A call of a database has no method, so that it meets no root, and no peer.
told AS MATERIALIZED (
  SELECT w.*, json_extract_string(s.attributes, ['$."http.request.method"', '$."url.path"', '$."url.full"', '$."service.peer.name"', '$."peer.service"', '$."server.address"', '$."db.system.name"', '$."db.system"']) AS told
  FROM wanted w JOIN spans s ON s.trace_id_high = w.th AND s.trace_id_low = w.tl AND s.span_id = w.span_id AND s.kind = w.kind
  WHERE s.end_ms >= $from_ms AND s.end_ms < $to_ms
),
described AS MATERIALIZED (
  SELECT * EXCLUDE (told), CASE WHEN told[7] IS NULL AND told[8] IS NULL THEN coalesce(told[1], '') END AS method,
    coalesce(told[2], nullif(regexp_extract(coalesce(told[3], ''), '^[a-zA-Z]+://[^/]+(/[^?#]*)', 1), ''), '') AS path,
    CASE WHEN told[7] IS NULL AND told[8] IS NULL THEN coalesce(told[4], told[5], told[6], '') ELSE '' END AS peer
  FROM told
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
