-- Definitions that are new; those known keep the moment at which they came into force first.
INSERT INTO slo_revisions
SELECT row[1], row[2], row[3], row[4], row[5], $now_ms
FROM (SELECT unnest(from_json($rows, '[["VARCHAR"]]')) AS row)
ON CONFLICT DO NOTHING
