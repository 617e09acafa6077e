-- Hot traces of which a part is in the archive, farther away than a search looks for it ($long_ms). Of that part only its files are known.
WITH hot AS (
  SELECT trace_id_high, trace_id_low, min(start_ns) // 1000000 AS from_ms, max(end_ms) AS to_ms FROM spans
  GROUP BY trace_id_high, trace_id_low
),
split AS (
  SELECT hot.trace_id_high, hot.trace_id_low, least(min(f.hour * 3600000), any_value(hot.from_ms)) AS from_ms, greatest(max(f.max_end_ms), any_value(hot.to_ms)) AS to_ms
  FROM hot
  JOIN archived_traces a ON a.trace_id_low = hot.trace_id_low AND a.trace_id_high = hot.trace_id_high
  JOIN archive_files f ON f.file_id = a.file_id
  GROUP BY hot.trace_id_high, hot.trace_id_low
  HAVING min(f.max_end_ms) < any_value(hot.to_ms) - $long_ms OR max(f.min_end_ms) > any_value(hot.from_ms) + $long_ms
)
SELECT trace_id_high AS high, trace_id_low AS low, from_ms, to_ms FROM split
WHERE NOT EXISTS (SELECT 1 FROM long_traces l WHERE l.trace_id_low = split.trace_id_low AND l.trace_id_high = split.trace_id_high AND l.from_ms <= split.from_ms AND l.to_ms >= split.to_ms)
