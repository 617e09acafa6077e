-- What was taken out of which SLO, by whom and why, and what it changed: rows are added, never changed.
CREATE TABLE exclusion_log (
  at_ms BIGINT NOT NULL,
  slo VARCHAR NOT NULL,
  exclusion VARCHAR NOT NULL,
  change VARCHAR NOT NULL,                  -- added, changed, removed
  created_by VARCHAR NOT NULL,
  reason VARCHAR NOT NULL,
  what VARCHAR NOT NULL,                    -- TraceQL, or when
  definition VARCHAR NOT NULL,              -- JSON: another one is a change
  budget_before DOUBLE,                     -- of the SLO, signed; NULL without events
  budget_after DOUBLE
);
