-- The signatures seen last, and what people merged into others, whenever that was seen.
WITH ranked AS (SELECT document, row_number() OVER (ORDER BY last_seen_ms DESC, signature_id) AS place FROM signatures)
SELECT document FROM ranked
WHERE place <= $limit OR json_extract_string(document, '$.document.decision.into') IS NOT NULL
