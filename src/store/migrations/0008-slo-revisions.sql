-- What the slices of a key counted: the definition of an SLO as it was in force from then on.
CREATE TABLE slo_revisions (
  slice_key VARCHAR PRIMARY KEY,            -- name@revision, as in slo_slices
  slo VARCHAR NOT NULL,
  total VARCHAR NOT NULL,                   -- TraceQL
  polarity VARCHAR NOT NULL,                -- good, bad: what a match of `part` is
  part VARCHAR NOT NULL,                    -- TraceQL
  first_in_force_ms BIGINT NOT NULL
);
