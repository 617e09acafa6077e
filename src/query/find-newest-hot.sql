-- The newest matching spans of the hot tables. Of a table alone the first of an order are found in the row groups that may have them: it takes milliseconds, however many spans there are.
SELECT * FROM (SELECT 1 AS part, s.trace_id_high AS th, s.trace_id_low AS tl, s.start_ns FROM main.spans_bulk s WHERE /* matches */ ORDER BY s.start_ns DESC LIMIT $spans)
UNION ALL SELECT * FROM (SELECT 2, s.trace_id_high, s.trace_id_low, s.start_ns FROM main.spans_fresh s WHERE /* matches */ ORDER BY s.start_ns DESC LIMIT $spans)
