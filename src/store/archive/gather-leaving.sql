-- Sums up every trace whose spans all came before $before_ms and that was quiet afterwards, or that has been here since before $overdue_ms.
INSERT INTO leaving_traces
WITH lively AS (
  SELECT DISTINCT trace_id_high, trace_id_low FROM spans WHERE arrival_ms >= $before_ms AND arrival_ms < $quiet_until_ms
),
parts AS (
  SELECT trace_id_high, trace_id_low, service, name,
    count(*) AS spans, count(*) FILTER (status = 2) AS errors, min(start_ns) AS start_ns, max(start_ns + duration_ns) AS end_ns, min(arrival_ms) AS arrival_ms,
    sum(strlen(attributes) + coalesce(strlen(events), 0) + coalesce(strlen(links), 0)) AS bytes,
    min((parent_span_id <> 0, start_ns, span_id)) AS place,
    arg_min({'duration_ns': duration_ns, 'weight': weight}, (parent_span_id <> 0, start_ns, span_id)) AS root
  FROM spans WHERE arrival_ms < $before_ms
  GROUP BY ALL
)
SELECT p.trace_id_high, p.trace_id_low, min(p.start_ns) // 3600000000000 AS hour,
  arg_min(p.service, p.place) AS service, arg_min(p.name, p.place) AS operation,
  min(p.start_ns) AS start_ns, max(p.end_ns) - min(p.start_ns) AS duration_ns,
  CASE WHEN arg_min(p.root.duration_ns, p.place) <= 1 THEN 0 ELSE least(1092, ceil(ln(arg_min(p.root.duration_ns, p.place)) / $log_gamma::DOUBLE)) END AS bucket,
  sum(p.spans) AS spans, sum(p.bytes) AS bytes, sum(p.errors) AS errors, arg_min(p.root.weight, p.place) AS weight,
  bit_xor(hash(p.service, p.name)) AS shape,
  bool_or(EXISTS (SELECT 1 FROM pinned_traces pin WHERE pin.trace_id_high = p.trace_id_high AND pin.trace_id_low = p.trace_id_low)) AS pinned
FROM parts p
GROUP BY p.trace_id_high, p.trace_id_low
HAVING min(p.arrival_ms) < $overdue_ms OR NOT bool_or(EXISTS (SELECT 1 FROM lively l WHERE l.trace_id_high = p.trace_id_high AND l.trace_id_low = p.trace_id_low))
