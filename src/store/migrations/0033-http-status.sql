-- The status code of an HTTP response, which people look for and see listed most, beside the JSON of all attributes, which costs fifty times as much to read.
-- 0: none; NULL: not known, or no number, so that the JSON has to be asked (src/trace/http-status.ts).
ALTER TABLE spans_fresh ADD COLUMN http_status SMALLINT;
ALTER TABLE spans_bulk ADD COLUMN http_status SMALLINT;
CREATE OR REPLACE VIEW spans AS SELECT *, 1::DOUBLE AS kept_probability FROM spans_bulk UNION ALL SELECT *, 1::DOUBLE FROM spans_fresh;
CREATE OR REPLACE VIEW span_rows AS SELECT *, 1::DOUBLE AS kept_probability, rowid * 2 AS row_id FROM spans_bulk UNION ALL SELECT *, 1::DOUBLE, rowid * 2 + 1 FROM spans_fresh;
