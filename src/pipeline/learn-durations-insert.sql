-- Kinds of durations that were not known.
INSERT INTO sampling_durations
SELECT l.service, l.operation, l.bucket, sum(l.weight) FROM leaving_traces l
WHERE NOT EXISTS (SELECT 1 FROM sampling_durations k WHERE k.service = l.service AND k.operation = l.operation AND k.bucket = l.bucket)
GROUP BY ALL
