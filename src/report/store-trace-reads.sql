-- Counts of reads, as one JSON array of arrays.
INSERT INTO trace_reads
SELECT (row ->> 0)::BIGINT, row ->> 1, row ->> 2, (row ->> 3)::BOOLEAN, (row ->> 4)::SMALLINT, (row ->> 5)::DOUBLE
FROM (SELECT unnest(from_json($rows, '["JSON"]')) AS row)
