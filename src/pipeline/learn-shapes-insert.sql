-- Kinds of shapes that were not known.
INSERT INTO sampling_shapes
SELECT l.service, l.operation, l.shape, sum(l.weight) FROM leaving_traces l
WHERE NOT EXISTS (SELECT 1 FROM sampling_shapes k WHERE k.service = l.service AND k.operation = l.operation AND k.shape = l.shape)
GROUP BY ALL
