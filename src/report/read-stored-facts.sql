-- Facts of whole hours of a time. Examples are those of one hour: an array of a few is enough.
SELECT fact, service, subject, sum(n) AS n, sum(bad) AS bad, sum(value) AS value, max(value) AS largest, coalesce(min(examples) FILTER (examples <> '[]'), '[]') AS examples
FROM quality_facts WHERE from_ms >= $from_ms AND from_ms < $to_ms GROUP BY fact, service, subject
