-- Reports that go out once: who made which. The key decides between replicas.
CREATE TABLE quality_audits (
  kind VARCHAR NOT NULL,                    -- week, month, quarter
  from_ms BIGINT NOT NULL,                  -- start of its time, Unix milliseconds
  maker VARCHAR NOT NULL,                   -- a random name of the process that made it
  made_at_ms BIGINT NOT NULL,
  PRIMARY KEY (kind, from_ms)
);
