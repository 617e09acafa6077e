-- Failed requests by minute since then, of signatures by name.
SELECT signature_id, minute, sum(failures) AS failures FROM signature_counts
WHERE minute >= $from_minute AND signature_id IN (SELECT unnest(from_json($ids, '["VARCHAR"]')))
GROUP BY ALL
