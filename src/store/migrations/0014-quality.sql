-- What the spans of an hour said about the quality of the traces: kept longer than the spans. Additive over hours, see report/quality-fact.ts.
CREATE TABLE quality_facts (
  from_ms BIGINT NOT NULL,                  -- start of the hour, Unix milliseconds
  fact VARCHAR NOT NULL,
  service VARCHAR NOT NULL,
  subject VARCHAR NOT NULL,
  n DOUBLE NOT NULL,
  bad DOUBLE NOT NULL,
  value DOUBLE NOT NULL,
  examples VARCHAR NOT NULL                 -- JSON array of [trace id, span id]
);

-- Hours whose facts are stored, also those without any.
CREATE TABLE quality_hours (from_ms BIGINT PRIMARY KEY);

-- Weekly reports: what later ones compare with, and that each goes out once.
CREATE TABLE quality_reports (
  from_ms BIGINT PRIMARY KEY,               -- Monday 00:00 UTC
  made_at_ms BIGINT NOT NULL,
  document VARCHAR NOT NULL                 -- EarlierReport as JSON
);
