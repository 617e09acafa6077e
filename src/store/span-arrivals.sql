-- How many spans came in each minute that a sender may still send again, latest first.
SELECT arrival_minute AS minute, sum(hot)::BIGINT AS spans FROM ledger
WHERE signal = 'traces' AND arrival_minute >= $since_minute
GROUP BY arrival_minute ORDER BY arrival_minute DESC
