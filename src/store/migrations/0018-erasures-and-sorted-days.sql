-- Days whose rows of archived_traces are sorted as a whole, so that a lookup reads one row group of each, and the table they are sorted in.
CREATE TABLE archive_sorted_days (day BIGINT NOT NULL);
CREATE TABLE sorting_traces AS SELECT * FROM archived_traces LIMIT 0;

-- What was to be erased, by whom and why, and what became of it: the receipts. The value is gone from here as well once it is done; its digest stays.
CREATE TABLE erasures (
  id VARCHAR NOT NULL,
  attribute VARCHAR NOT NULL,
  value VARCHAR NOT NULL,
  value_sha256 VARCHAR NOT NULL,
  reason VARCHAR NOT NULL,
  asked_by VARCHAR NOT NULL,
  asked_ms BIGINT NOT NULL,
  state VARCHAR NOT NULL,                   -- asked, erasing, removing, done
  traces BIGINT NOT NULL,
  hot_spans BIGINT NOT NULL,
  archived_spans BIGINT NOT NULL,
  logs BIGINT NOT NULL,
  files BIGINT NOT NULL,
  rewritten_ms BIGINT,
  done_ms BIGINT
);

-- The traces of erasures that are under way.
CREATE TABLE erasing_traces (
  erasure_id VARCHAR NOT NULL,
  trace_id_high UBIGINT NOT NULL,
  trace_id_low UBIGINT NOT NULL
);
