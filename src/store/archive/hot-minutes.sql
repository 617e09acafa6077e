-- How many spans came in each minute since then, earliest first.
SELECT arrival_minute AS minute, sum(hot)::BIGINT AS spans FROM ledger
WHERE signal = 'traces' AND arrival_minute >= $since_minute AND arrival_minute < $to_minute AND hot > 0
GROUP BY arrival_minute ORDER BY arrival_minute
