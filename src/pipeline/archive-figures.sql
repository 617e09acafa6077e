-- What the archive holds, by what it is and why it was kept; the bytes of a file are shared by rows.
SELECT 'spans' AS signal, g.reason, sum(g.spans)::DOUBLE AS counted, sum(g.spans * f.bytes / greatest(1, f.spans))::DOUBLE AS bytes
FROM archive_groups g JOIN archive_files f USING (file_id)
GROUP BY g.reason
UNION ALL
SELECT 'logs', g.reason, sum(g.records)::DOUBLE, sum(g.records * f.bytes / greatest(1, f.records))::DOUBLE
FROM archive_log_groups g JOIN archive_log_files f USING (file_id)
GROUP BY g.reason
ORDER BY signal, reason
