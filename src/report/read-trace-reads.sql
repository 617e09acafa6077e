-- Who read traces in the hours that begin in a time, and how long the answers took.
SELECT reader, what, refused, bucket::INTEGER AS bucket, sum(n) AS n FROM trace_reads WHERE hour_ms >= $from_ms AND hour_ms < $to_ms GROUP BY ALL
