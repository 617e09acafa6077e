-- Everything that was received in the time of the report, by signal.
SELECT signal, sum(received) AS received, sum(hot) AS hot, sum(rejected) AS rejected, sum(deduplicated) AS deduplicated
FROM ledger WHERE arrival_minute >= $from_ms // 60000 AND arrival_minute < $to_ms // 60000 GROUP BY signal
