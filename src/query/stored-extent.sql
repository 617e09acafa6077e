-- From when to when there are spans at all, what came in before which time is no longer hot, and how many are.
SELECT min(first_ms) AS first_ms, max(last_ms) AS last_ms, (SELECT left_before_ms FROM sampling_progress) AS left_before_ms,
  (SELECT count(*) FROM spans_bulk) + (SELECT count(*) FROM spans_fresh) AS hot_spans
FROM (
  SELECT min(end_ms) AS first_ms, max(end_ms) AS last_ms FROM spans_bulk
  UNION ALL SELECT min(end_ms), max(end_ms) FROM spans_fresh
  UNION ALL SELECT min(min_end_ms), max(max_end_ms) FROM archive_files
)
