-- Leaving traces that follow an earlier part of theirs into the archive: together they may last long. Of the earlier part only its files are known.
INSERT INTO long_traces
SELECT l.trace_id_high, l.trace_id_low, least(min(f.hour * 3600000), any_value(l.start_ns) // 1000000), greatest(max(f.max_end_ms), any_value(l.start_ns + l.duration_ns) // 1000000)
FROM leaving_traces l
JOIN archived_traces a ON a.trace_id_low = l.trace_id_low AND a.trace_id_high = l.trace_id_high
JOIN archive_files f ON f.file_id = a.file_id
GROUP BY l.trace_id_high, l.trace_id_low
