-- Facts about the shape of traces: counted are spans that end in [from_ms, to_ms); parents and children are looked for in [near_from_ms, near_to_ms).
-- Every row is additive with those of other windows: fact, service, subject, n, bad, value, examples (see quality-fact.ts).
-- Of many spans one part of `$parts` at a time, by trace: what is joined here lies within one trace.
WITH /* archive */
-- Traces with a span that is counted: of others nothing is joined, however many there are in minutes around.
own_traces AS (
  SELECT DISTINCT trace_id_high, trace_id_low FROM spans WHERE end_ms >= $from_ms AND end_ms < $to_ms AND trace_id_low % $parts::UBIGINT = $part::UBIGINT
),
near AS MATERIALIZED (
  SELECT trace_id_high AS th, trace_id_low AS tl, span_id, parent_span_id AS pid, name, kind, status, start_ns, start_ns + duration_ns AS stop_ns,
    duration_ns, end_ms, service, resource_id, weight, weight_unknown, dropped_count, arrival_ms, imported, end_ms >= $from_ms AND end_ms < $to_ms AS own
  FROM spans SEMI JOIN own_traces USING (trace_id_high, trace_id_low) WHERE end_ms >= $near_from_ms AND end_ms < $near_to_ms
),
-- Minutes in which Tocsin was down or refused, since it first ran. Imported is what comes more than an hour late.
away AS MATERIALIZED (
  SELECT minute FROM (SELECT unnest(range($from_ms::BIGINT // 60000 - $catch_up_minutes::BIGINT, $to_ms::BIGINT // 60000 + 62)) AS minute) ANTI JOIN uptime USING (minute)
  WHERE minute >= (SELECT min(minute) FROM uptime)
),
-- How late a sender is says what it sends while Tocsin listens: not what had to wait for Tocsin, nor what waited behind that.
timely AS (
  SELECT n.service, n.end_ms, n.arrival_ms FROM near n ASOF LEFT JOIN away a ON a.minute <= n.arrival_ms // 60000 - 1
  WHERE n.own AND NOT n.imported AND (a.minute IS NULL OR a.minute < n.end_ms // 60000 - $catch_up_minutes::BIGINT)
    AND (n.arrival_ms < $listening_since_ms::BIGINT OR n.end_ms >= $listening_since_ms::BIGINT + $catch_up_minutes::BIGINT * 60000)
),
hosts AS (
  SELECT resource_id, coalesce(attributes ->> '$."host.id"', attributes ->> '$."host.name"', attributes ->> '$."k8s.node.name"', attributes ->> '$."k8s.pod.name"', '') AS host FROM resources
),
paired AS MATERIALIZED (
  SELECT c.th, c.tl, c.span_id, c.pid, c.service, c.name, c.kind, c.weight, c.start_ns, c.stop_ns, c.duration_ns, c.resource_id,
    p.service AS up_service, p.kind AS up_kind, p.start_ns AS up_start_ns, p.stop_ns AS up_stop_ns, p.duration_ns AS up_duration_ns, p.resource_id AS up_resource_id
  FROM near c LEFT JOIN near p ON p.th = c.th AND p.tl = c.tl AND p.span_id = c.pid
  WHERE c.own AND c.pid <> 0
),
per_service AS (
  SELECT service, count(*) AS n, sum(weight) AS w, count(*) FILTER (status = 2) AS errors, coalesce(sum(weight) FILTER (status = 2), 0) AS weighted_errors,
    count(*) FILTER (weight_unknown) AS unknown, count(*) FILTER (weight_unknown AND status = 2) AS unknown_errors,
    count(*) FILTER (dropped_count > 0) AS cut, sum(dropped_count) AS dropped, count(*) FILTER (kind < 2) AS inner_kind,
    sum(weight) FILTER (kind IN (2, 5)) AS requests, count(*) FILTER (kind IN (2, 5)) AS stored_requests, sum(weight) FILTER (kind IN (2, 5) AND status = 2) AS failed_requests,
    count(*) FILTER (pid = 0) AS roots, count(*) FILTER (pid = 0 AND kind = 3) AS client_roots,
    approx_count_distinct(name) AS names,
    min({'th': th, 'tl': tl, 's': span_id}, 3) FILTER (weight_unknown) AS unknown_examples,
    min({'th': th, 'tl': tl, 's': span_id}, 3) FILTER (dropped_count > 0) AS cut_examples,
    min({'th': th, 'tl': tl, 's': span_id}, 3) FILTER (pid = 0 AND kind = 3) AS client_root_examples,
    min({'th': th, 'tl': tl, 's': span_id}, 3) AS any_examples
  FROM near WHERE own GROUP BY service
),
of_traces AS (
  SELECT th, tl, max(end_ms) AS last_ms, max(stop_ns) - min(start_ns) AS latency_ns, max(duration_ns) FILTER (pid = 0) AS root_ns, bool_or(pid = 0) AS has_root,
    arg_min(service, CASE WHEN pid = 0 THEN 0 ELSE start_ns END) AS service, max(weight) AS weight, min(weight) AS least_weight, bool_or(dropped_count > 0) AS cut, min(span_id) AS span_id
  FROM near GROUP BY th, tl HAVING max(end_ms) >= $from_ms AND max(end_ms) < $to_ms
),
across AS MATERIALIZED (
  SELECT p.*, coalesce(nullif(u.host, ''), p.up_service) AS up_host, coalesce(nullif(h.host, ''), p.service) AS host,
    ((p.start_ns - p.up_start_ns) + (p.stop_ns - p.up_stop_ns)) / 2 AS offset_ns, p.start_ns < p.up_start_ns - $skew_ns OR p.stop_ns > p.up_stop_ns + $skew_ns AS is_outside
  FROM paired p LEFT JOIN hosts h ON h.resource_id = p.resource_id LEFT JOIN hosts u ON u.resource_id = p.up_resource_id
  WHERE p.up_service IS NOT NULL AND p.up_kind = 3 AND p.kind = 2 AND p.duration_ns <= p.up_duration_ns
),
-- Incomplete: a parent is missing, or a sender dropped a part. Where the clocks of two hosts disagree, what all spans span is no latency: the root knows one clock only.
judged_traces AS MATERIALIZED (
  SELECT t.* REPLACE (CASE WHEN a.th IS NULL THEN t.latency_ns ELSE coalesce(t.root_ns, t.latency_ns) END AS latency_ns), o.th IS NOT NULL OR t.cut AS is_partial
  FROM of_traces t LEFT JOIN (SELECT DISTINCT th, tl FROM paired WHERE up_service IS NULL) o ON o.th = t.th AND o.tl = t.tl
    LEFT JOIN (SELECT DISTINCT th, tl FROM across WHERE is_outside AND host <> up_host) a ON a.th = t.th AND a.tl = t.tl
),
-- By trace and service: how many spans are too small to be worth their cost, and how many are internal.
small AS (
  SELECT service, th, tl, count(*) FILTER (duration_ns < 5000000) AS tiny, count(*) FILTER (kind = 1) AS internals, min(span_id) AS span_id FROM near WHERE own GROUP BY service, th, tl
),
loops AS (
  SELECT service, name, th, tl, pid AS span_id, count(*) AS times FROM paired WHERE kind IN (1, 3, 4) AND up_service = service GROUP BY service, name, th, tl, pid HAVING count(*) > 20
),
facts AS (
  SELECT service, unnest([
    {'fact': 'spans', 'subject': '', 'n': n::DOUBLE, 'bad': errors::DOUBLE, 'value': w::DOUBLE, 'examples': any_examples},
    {'fact': 'orphan-weight', 'subject': '', 'n': w::DOUBLE, 'bad': 0::DOUBLE, 'value': 0::DOUBLE, 'examples': NULL},
    {'fact': 'weighted', 'subject': '', 'n': w::DOUBLE, 'bad': weighted_errors::DOUBLE, 'value': 0::DOUBLE, 'examples': NULL},
    {'fact': 'requests', 'subject': '', 'n': coalesce(requests, 0)::DOUBLE, 'bad': coalesce(failed_requests, 0)::DOUBLE, 'value': stored_requests::DOUBLE, 'examples': NULL},
    {'fact': 'unknown-weight', 'subject': '', 'n': n::DOUBLE, 'bad': unknown::DOUBLE, 'value': 0::DOUBLE, 'examples': unknown_examples},
    {'fact': 'unknown-weight-errors', 'subject': '', 'n': errors::DOUBLE, 'bad': unknown_errors::DOUBLE, 'value': 0::DOUBLE, 'examples': NULL},
    {'fact': 'limits-hit', 'subject': '', 'n': n::DOUBLE, 'bad': cut::DOUBLE, 'value': dropped::DOUBLE, 'examples': cut_examples},
    {'fact': 'inner-kind', 'subject': '', 'n': n::DOUBLE, 'bad': inner_kind::DOUBLE, 'value': 0::DOUBLE, 'examples': any_examples},
    {'fact': 'root-kind', 'subject': '', 'n': roots::DOUBLE, 'bad': client_roots::DOUBLE, 'value': 0::DOUBLE, 'examples': client_root_examples},
    {'fact': 'span-names', 'subject': '', 'n': n::DOUBLE, 'bad': 0::DOUBLE, 'value': names::DOUBLE, 'examples': any_examples}
  ], recursive := true) FROM per_service
  UNION ALL BY NAME
  SELECT t.service, 'traces' AS fact, '' AS subject, count(*)::DOUBLE AS n, count(*) FILTER (t.is_partial)::DOUBLE AS bad, sum(t.weight) AS value,
    min({'th': t.th, 'tl': t.tl, 's': t.span_id}, 3) FILTER (t.is_partial) AS examples
  FROM judged_traces t GROUP BY t.service
  UNION ALL BY NAME
  SELECT service, unnest([
    {'fact': 'weighted-traces', 'n': sum(weight)::DOUBLE, 'bad': coalesce(sum(weight) FILTER (is_partial), 0)::DOUBLE},
    {'fact': 'weighted-rootless', 'n': sum(weight)::DOUBLE, 'bad': coalesce(sum(weight) FILTER (NOT has_root), 0)::DOUBLE}
  ], recursive := true), '' AS subject, 0::DOUBLE AS value, NULL AS examples FROM judged_traces GROUP BY service
  UNION ALL BY NAME
  SELECT service, 'orphan-weight' AS fact, '' AS subject, 0::DOUBLE AS n, coalesce(sum(weight) FILTER (up_service IS NULL), 0)::DOUBLE AS bad, 0::DOUBLE AS value, NULL AS examples FROM paired GROUP BY service
  UNION ALL BY NAME
  SELECT service, 'rootless' AS fact, '' AS subject, count(*)::DOUBLE AS n, count(*) FILTER (NOT has_root)::DOUBLE AS bad, 0::DOUBLE AS value,
    min({'th': th, 'tl': tl, 's': span_id}, 3) FILTER (NOT has_root) AS examples
  FROM judged_traces GROUP BY service
  UNION ALL BY NAME
  SELECT service, 'mixed-weights' AS fact, '' AS subject, count(*)::DOUBLE AS n, count(*) FILTER (weight > least_weight * 1.001)::DOUBLE AS bad, 0::DOUBLE AS value,
    min({'th': th, 'tl': tl, 's': span_id}, 3) FILTER (weight > least_weight * 1.001) AS examples
  FROM judged_traces GROUP BY service
  UNION ALL BY NAME
  SELECT service, 'trace-latency' AS fact, (CASE WHEN latency_ns <= 1 THEN 0 ELSE ceil(ln(latency_ns) / $log_gamma) END)::INTEGER::VARCHAR AS subject, sum(weight) AS n, 0::DOUBLE AS bad, 0::DOUBLE AS value, NULL AS examples
  FROM judged_traces GROUP BY ALL
  UNION ALL BY NAME
  -- Eight buckets as one, under the name of their middle.
  SELECT service, 'arrival-lag' AS fact, (CASE WHEN arrival_ms <= end_ms THEN 0 ELSE ceil(ln((arrival_ms - end_ms) * 1000000.0) / $log_gamma / 8) * 8 - 4 END)::INTEGER::VARCHAR AS subject, count(*)::DOUBLE AS n, 0::DOUBLE AS bad, 0::DOUBLE AS value, NULL AS examples
  FROM timely GROUP BY ALL
  UNION ALL BY NAME
  SELECT service, 'orphans' AS fact, '' AS subject, count(*)::DOUBLE AS n, count(*) FILTER (up_service IS NULL)::DOUBLE AS bad, 0::DOUBLE AS value,
    min({'th': th, 'tl': tl, 's': span_id}, 3) FILTER (up_service IS NULL) AS examples
  FROM paired GROUP BY service
  UNION ALL BY NAME
  SELECT service, 'entry-kind' AS fact, '' AS subject, count(*)::DOUBLE AS n, count(*) FILTER (kind NOT IN (2, 5))::DOUBLE AS bad, 0::DOUBLE AS value,
    min({'th': th, 'tl': tl, 's': span_id}, 3) FILTER (kind NOT IN (2, 5)) AS examples
  FROM paired WHERE up_service <> service GROUP BY service
  UNION ALL BY NAME
  SELECT up_service AS service, 'edge' AS fact, service AS subject, count(*)::DOUBLE AS n, 0::DOUBLE AS bad, 0::DOUBLE AS value, NULL AS examples
  FROM paired WHERE up_service <> service GROUP BY ALL
  UNION ALL BY NAME
  -- Within one process only: between hosts it is the clocks that are in question.
  SELECT service, 'after-parent' AS fact, '' AS subject, count(*)::DOUBLE AS n, count(*) FILTER (start_ns > up_stop_ns + 1000000)::DOUBLE AS bad, 0::DOUBLE AS value,
    min({'th': th, 'tl': tl, 's': span_id}, 3) FILTER (start_ns > up_stop_ns + 1000000) AS examples
  FROM paired WHERE resource_id = up_resource_id AND kind <> 5 AND up_kind <> 4 GROUP BY service
  UNION ALL BY NAME
  SELECT up_service AS service, 'clock-skew' AS fact, to_json([service, up_host, host])::VARCHAR AS subject, count(*)::DOUBLE AS n,
    count(*) FILTER (is_outside)::DOUBLE AS bad, count(*) FILTER (is_outside) * median(offset_ns)::DOUBLE AS value, min({'th': th, 'tl': tl, 's': span_id}, 3) FILTER (is_outside) AS examples
  FROM across GROUP BY ALL
  UNION ALL BY NAME
  SELECT service, 'tiny-spans' AS fact, '' AS subject, count(*)::DOUBLE AS n, count(*) FILTER (tiny > 20)::DOUBLE AS bad, sum(tiny)::DOUBLE AS value,
    min({'th': th, 'tl': tl, 's': span_id}, 3) FILTER (tiny > 20) AS examples
  FROM small GROUP BY service
  UNION ALL BY NAME
  SELECT service, 'internal-spans' AS fact, '' AS subject, count(*)::DOUBLE AS n, count(*) FILTER (internals > 10)::DOUBLE AS bad, sum(internals)::DOUBLE AS value,
    min({'th': th, 'tl': tl, 's': span_id}, 3) FILTER (internals > 10) AS examples
  FROM small GROUP BY service
  UNION ALL BY NAME
  SELECT service, 'loop' AS fact, name AS subject, count(*)::DOUBLE AS n, count(*)::DOUBLE AS bad, max(times)::DOUBLE AS value, min({'th': th, 'tl': tl, 's': span_id}, 3) AS examples
  FROM loops GROUP BY service, name
)
SELECT fact, service, subject, n, bad, value, to_json(list_transform(coalesce(examples, []), lambda e: [lpad(lower(hex(e.th)), 16, '0') || lpad(lower(hex(e.tl)), 16, '0'), lpad(lower(hex(e.s)), 16, '0')]))::VARCHAR AS examples
FROM facts
