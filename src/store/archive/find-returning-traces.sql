-- Leaving traces that follow an earlier part of theirs into the archive, once for each file that holds such a part; with their own time and the file's.
SELECT l.trace_id_high AS high, l.trace_id_low AS low, l.start_ns // 1000000 AS from_ms, (l.start_ns + l.duration_ns) // 1000000 AS to_ms,
  f.path, f.bytes, f.sha256, f.hour * 3600000 AS file_from_ms, f.max_end_ms AS file_to_ms
FROM leaving_traces l
JOIN archived_traces a ON a.trace_id_low = l.trace_id_low AND a.trace_id_high = l.trace_id_high
JOIN archive_files f ON f.file_id = a.file_id
ORDER BY f.path
