-- Hot spans as statements read them; archived ones join them there (store/archive). What is hot was all kept.
CREATE OR REPLACE VIEW spans AS SELECT *, 1::DOUBLE AS kept_probability FROM spans_bulk UNION ALL SELECT *, 1::DOUBLE FROM spans_fresh;
-- The same with a number for each row, so that a statement can come back to the very row: ids alone are not unique everywhere.
CREATE VIEW span_rows AS SELECT *, 1::DOUBLE AS kept_probability, rowid * 2 AS row_id FROM spans_bulk UNION ALL SELECT *, 1::DOUBLE, rowid * 2 + 1 FROM spans_fresh;

-- What the archive consists of. A file that is not listed here is not part of it: it was being written when the process died.
CREATE TABLE archive_files (
  file_id VARCHAR NOT NULL,
  path VARCHAR NOT NULL,                    -- below the root of the archive
  hour BIGINT NOT NULL,                     -- Unix hours: when its traces began
  min_end_ms BIGINT NOT NULL,
  max_end_ms BIGINT NOT NULL,
  min_arrival_ms BIGINT NOT NULL,
  max_arrival_ms BIGINT NOT NULL,
  spans BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  sha256 VARCHAR NOT NULL,
  written_ms BIGINT NOT NULL
);

-- Who has how much in which file, for retention by service and by reason.
CREATE TABLE archive_groups (
  file_id VARCHAR NOT NULL,
  service VARCHAR NOT NULL,                 -- of the trace's root
  reason VARCHAR NOT NULL,                  -- why the trace was kept
  traces BIGINT NOT NULL,
  spans BIGINT NOT NULL
);

-- In which files a trace is. Rows come sorted by id, a file at a time, so that most row groups are passed over.
CREATE TABLE archived_traces (
  trace_id_high UBIGINT NOT NULL USING COMPRESSION uncompressed,
  trace_id_low UBIGINT NOT NULL,
  file_id VARCHAR NOT NULL USING COMPRESSION dictionary,
  reason VARCHAR NOT NULL USING COMPRESSION dictionary,
  probability DOUBLE NOT NULL
);

-- Files that others have taken the place of: deleted when no statement can be reading them any more.
CREATE TABLE archive_retired (
  path VARCHAR NOT NULL,
  at_ms BIGINT NOT NULL
);

-- hot (of the ledger) = pending (in spans) + kept + sampled out, by minute of arrival; additive.
CREATE TABLE left_hot (
  arrival_minute INTEGER NOT NULL,
  kept DOUBLE NOT NULL,
  sampled_out DOUBLE NOT NULL
);
INSERT INTO left_hot
SELECT l.arrival_minute, 0, l.hot - coalesce(s.spans, 0)
FROM (SELECT arrival_minute, sum(hot) AS hot FROM ledger WHERE signal = 'traces' GROUP BY ALL) l
LEFT JOIN (SELECT CAST(arrival_ms // 60000 AS INTEGER) AS arrival_minute, count(*) AS spans FROM spans GROUP BY ALL) s USING (arrival_minute)
WHERE l.hot > coalesce(s.spans, 0);

-- Work of the round that is under way: the traces that leave the hot store, each summed up. Emptied at the start of a round.
CREATE TABLE leaving_traces (
  trace_id_high UBIGINT NOT NULL,
  trace_id_low UBIGINT NOT NULL,
  hour BIGINT NOT NULL,
  service VARCHAR NOT NULL,                 -- of the root
  operation VARCHAR NOT NULL,
  start_ns BIGINT NOT NULL,
  duration_ns BIGINT NOT NULL,
  bucket SMALLINT NOT NULL,                 -- of the root's duration, see sli/latency-bucket.ts
  spans BIGINT NOT NULL,
  bytes BIGINT NOT NULL,                    -- of its attributes, events and links
  errors BIGINT NOT NULL,
  weight DOUBLE NOT NULL,                   -- of the root
  shape UBIGINT NOT NULL,                   -- of the set of its services and operations
  pinned BOOLEAN NOT NULL
);

-- Which conditions of the sampling rules a leaving trace meets.
CREATE TABLE leaving_matches (
  trace_id_high UBIGINT NOT NULL,
  trace_id_low UBIGINT NOT NULL,
  condition INTEGER NOT NULL
);

-- Every leaving trace with its stratum: traces of one stratum are kept with one probability.
CREATE TABLE leaving_classes (
  trace_id_high UBIGINT NOT NULL,
  trace_id_low UBIGINT NOT NULL,
  stratum VARCHAR NOT NULL
);

CREATE TABLE leaving_kept (
  trace_id_high UBIGINT NOT NULL,
  trace_id_low UBIGINT NOT NULL,
  hour BIGINT NOT NULL,
  service VARCHAR NOT NULL,
  reason VARCHAR NOT NULL,
  probability DOUBLE NOT NULL
);

-- What sampling has learned of whole traces, each count fading by half a day. Buckets of the root's duration.
CREATE TABLE sampling_durations (
  service VARCHAR NOT NULL,
  operation VARCHAR NOT NULL,
  bucket SMALLINT NOT NULL,
  traces DOUBLE NOT NULL
);
CREATE TABLE sampling_shapes (
  service VARCHAR NOT NULL,
  operation VARCHAR NOT NULL,
  shape UBIGINT NOT NULL,
  traces DOUBLE NOT NULL
);
CREATE TABLE sampling_operations (
  service VARCHAR NOT NULL,
  operation VARCHAR NOT NULL,
  first_ms BIGINT NOT NULL,
  traces DOUBLE NOT NULL
);

-- One row: until which arrival the hot store has been looked through, when, and what of the budget is left over.
CREATE TABLE sampling_progress (
  left_before_ms BIGINT NOT NULL,
  learned_ms BIGINT NOT NULL,
  saved_spans DOUBLE NOT NULL,
  salt UBIGINT NOT NULL
);
INSERT INTO sampling_progress VALUES (0, 0, 0, hash(uuid()));
