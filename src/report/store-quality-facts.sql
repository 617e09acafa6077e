-- Facts of one hour, as one JSON array of arrays.
INSERT INTO quality_facts
SELECT $from_ms, row ->> 0, row ->> 1, row ->> 2, (row ->> 3)::DOUBLE, (row ->> 4)::DOUBLE, (row ->> 5)::DOUBLE, row ->> 6
FROM (SELECT unnest(from_json($facts, '["JSON"]')) AS row)
