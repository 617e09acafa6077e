-- Traces that must outlive the hot retention: they are the evidence of an incident, or a person asked for it.
CREATE TABLE pinned_traces (
  trace_id_high UBIGINT NOT NULL,
  trace_id_low UBIGINT NOT NULL,
  incident_id VARCHAR NOT NULL,             -- empty: pinned by a person
  PRIMARY KEY (trace_id_high, trace_id_low, incident_id)
);
