-- How many spans are stored where, and how far back they go.
SELECT
  (SELECT count(*) FROM spans)::DOUBLE AS hot_spans, (SELECT min(end_ms) FROM spans WHERE NOT imported)::DOUBLE AS oldest_hot_ms,
  (SELECT coalesce(sum(spans), 0) FROM archive_files)::DOUBLE AS archived_spans, (SELECT coalesce(sum(bytes), 0) FROM archive_files)::DOUBLE AS archived_bytes, (SELECT min(min_end_ms) FROM archive_files)::DOUBLE AS oldest_archived_ms
