-- What people and their tools did to the system: deployments, flags, configuration, remarks.
CREATE TABLE changes (
  id VARCHAR PRIMARY KEY,
  at_ms BIGINT NOT NULL,
  kind VARCHAR NOT NULL,                    -- deployment, flag, config, note
  service VARCHAR,                          -- NULL: the whole system
  version VARCHAR,
  title VARCHAR NOT NULL,
  created_by VARCHAR NOT NULL,
  url VARCHAR
);
