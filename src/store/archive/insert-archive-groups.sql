-- How much of a new file is whose, and why.
INSERT INTO archive_groups
SELECT $file_id, k.service, k.reason, count(*), sum(l.spans)
FROM leaving_kept k JOIN leaving_traces l ON l.trace_id_high = k.trace_id_high AND l.trace_id_low = k.trace_id_low
WHERE k.hour = $hour
GROUP BY ALL
