-- Groups of several files become those of the file that takes their place, but for what is left out.
INSERT INTO archive_groups
SELECT $file_id, service, reason, sum(traces), sum(spans) FROM archive_groups
WHERE list_contains(string_split($old_ids, ','), file_id) AND NOT list_contains(CAST(CAST($dropped AS JSON) AS VARCHAR[]), service || chr(31) || reason)
GROUP BY service, reason
