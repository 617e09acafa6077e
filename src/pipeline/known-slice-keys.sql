-- Of these keys those that were counted before, or whose definition was in force.
SELECT key FROM (SELECT unnest(string_split($slice_keys, chr(31))) AS key)
WHERE key IN (SELECT slice_key FROM slo_slices) OR key IN (SELECT slice_key FROM slo_revisions)
