-- Files of log records, as archive_files lists those of spans: a file that is not listed is no part of the archive.
CREATE TABLE archive_log_files (
  file_id VARCHAR NOT NULL,
  path VARCHAR NOT NULL,                    -- below the root of the archive
  hour BIGINT NOT NULL,                     -- Unix hours: when its records were written
  min_time_ms BIGINT NOT NULL,
  max_time_ms BIGINT NOT NULL,
  min_arrival_ms BIGINT NOT NULL,
  max_arrival_ms BIGINT NOT NULL,
  records BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  sha256 VARCHAR NOT NULL,
  written_ms BIGINT NOT NULL
);

-- Who has how much in which file, for retention by service and by reason.
CREATE TABLE archive_log_groups (
  file_id VARCHAR NOT NULL,
  service VARCHAR NOT NULL,                 -- that wrote them
  reason VARCHAR NOT NULL,                  -- pinned, error-log or log
  records BIGINT NOT NULL
);

-- In which files the records of a trace are. Rows come sorted by id, a file at a time, so that most row groups are passed over.
CREATE TABLE archived_log_traces (
  trace_id_high UBIGINT NOT NULL USING COMPRESSION uncompressed,
  trace_id_low UBIGINT NOT NULL,
  file_id VARCHAR NOT NULL USING COMPRESSION dictionary
);
