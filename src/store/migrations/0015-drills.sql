-- Drills of receivers: one row a run, kept for as long as their share in time is told.
CREATE TABLE drills (
  drill_id VARCHAR NOT NULL,
  started_at_ms BIGINT NOT NULL,            -- Unix milliseconds
  document VARCHAR NOT NULL                 -- DrillRun as JSON; replaced all the time, hence without a key (see 0002)
);
