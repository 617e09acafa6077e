-- From when to when there are spans at all, what came in before which time is no longer hot, and how many are.
-- The first of an order is found by what row groups are known to hold; min and max would read every hot row, once transactions have added some since the file was opened.
WITH ends AS (
  SELECT (SELECT end_ms FROM spans_bulk ORDER BY end_ms LIMIT 1) AS first_ms, (SELECT end_ms FROM spans_bulk ORDER BY end_ms DESC LIMIT 1) AS last_ms
  UNION ALL SELECT (SELECT end_ms FROM spans_fresh ORDER BY end_ms LIMIT 1), (SELECT end_ms FROM spans_fresh ORDER BY end_ms DESC LIMIT 1)
  UNION ALL SELECT min(min_end_ms), max(max_end_ms) FROM archive_files
)
SELECT min(first_ms) AS first_ms, max(last_ms) AS last_ms, (SELECT left_before_ms FROM sampling_progress) AS left_before_ms,
  (SELECT count(*) FROM spans_bulk) + (SELECT count(*) FROM spans_fresh) AS hot_spans
FROM ends
