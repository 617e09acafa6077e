-- The traces whose matching spans are newest, of one slice of time. The search itself comes as common table expressions; `found` stands for its last one.
WITH RECURSIVE /* archive */ /* search */
SELECT th, tl, max(start_ns) FILTER (end_ms >= $from_ms AND end_ms < $to_ms) AS matched_ns
FROM /* found */
GROUP BY th, tl
HAVING matched_ns IS NOT NULL
ORDER BY matched_ns DESC, tl
LIMIT $limit
