-- How many spans a search found.
WITH RECURSIVE /* archive */ /* search */
observed AS (SELECT s.row_id FROM /* spans found */ AND s.end_ms >= $from_ms AND s.end_ms < $to_ms)
SELECT count(*) AS found FROM observed
