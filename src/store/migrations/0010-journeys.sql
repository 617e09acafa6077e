-- Traces that an SLO of whole traces waits for or has judged. Judged ones stay for a while: their verdict may change with late spans, and bad ones are what an alert shows.
CREATE TABLE journeys (
  slo_key VARCHAR NOT NULL,                 -- whose query judges: name@revision
  slice_key VARCHAR NOT NULL,               -- where it counts: the same, or what an exclusion takes out
  group_key VARCHAR NOT NULL,               -- where it counts as well; '' for nowhere
  trace_id_high UBIGINT NOT NULL,
  trace_id_low UBIGINT NOT NULL,
  span_id UBIGINT NOT NULL,                 -- the span that `total` found
  start_ns BIGINT NOT NULL,
  event_minute INTEGER NOT NULL,
  arrival_ms BIGINT NOT NULL,
  weight DOUBLE NOT NULL,
  weight_unknown BOOLEAN NOT NULL,
  imported BOOLEAN NOT NULL,
  bad BOOLEAN,                              -- NULL: not judged yet
  looked_ms BIGINT                          -- when its spans were looked at last
);
