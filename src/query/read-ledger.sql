-- What became of everything that was received since a minute, by signal.
SELECT signal, sum(received) AS received, sum(hot) AS hot, sum(rejected) AS rejected, sum(deduplicated) AS deduplicated
FROM ledger WHERE arrival_minute >= $since_minute
GROUP BY signal ORDER BY signal DESC
