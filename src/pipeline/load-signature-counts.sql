-- Failed requests by signature and minute since then.
SELECT signature_id, minute, sum(failures) AS failures FROM signature_counts WHERE minute >= $from_minute GROUP BY ALL
