-- When the oldest stored span arrived (imported ones: happened, and only where asked for), and from when to when imported spans happened.
SELECT CAST(min(CASE WHEN imported THEN end_ms ELSE arrival_ms END) // 60000 AS INTEGER) AS first_span,
  CAST(min(end_ms) FILTER (imported) // 60000 AS INTEGER) AS first_imported, CAST(max(end_ms) FILTER (imported) // 60000 AS INTEGER) AS last_imported
FROM (
  SELECT imported, end_ms, arrival_ms FROM spans
  UNION ALL SELECT FALSE, min_end_ms, min_arrival_ms FROM archive_files
) stored WHERE NOT imported OR $imported
