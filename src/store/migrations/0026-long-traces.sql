-- Traces that lasted so long that a search, which goes through time in slices, does not see all of them at once: it looks at each of them whole.
-- A trace that has grown since has a row more.
CREATE TABLE long_traces (
  trace_id_high UBIGINT NOT NULL,
  trace_id_low UBIGINT NOT NULL,
  from_ms BIGINT NOT NULL,
  to_ms BIGINT NOT NULL
);
