-- What the archive holds, by why it was kept; the bytes of a file are shared by spans.
SELECT g.reason, sum(g.spans)::DOUBLE AS spans, sum(g.spans * f.bytes / greatest(1, f.spans))::DOUBLE AS bytes
FROM archive_groups g JOIN archive_files f USING (file_id)
GROUP BY g.reason ORDER BY g.reason
