-- The first minute of each SLO that has slices: by arrival, imported ones by event and only where asked for.
SELECT slice_key, min(CASE WHEN imported IS TRUE THEN event_minute ELSE arrival_minute END) AS first_minute
FROM slo_slices
WHERE list_contains(string_split($slice_keys, chr(31)), slice_key) AND (imported IS NOT TRUE OR $imported)
GROUP BY slice_key
