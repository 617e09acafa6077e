-- Incidents whole, as documents (lib/document-json.ts); the columns are what lists filter and sort by.
-- No key here: DuckDB checks keys against rows that the same transaction has deleted, and incidents are replaced all the time.
CREATE TABLE incidents (
  incident_id VARCHAR NOT NULL,
  key VARCHAR NOT NULL,
  status VARCHAR NOT NULL,                  -- open, acknowledged, resolved
  severity VARCHAR NOT NULL,
  title VARCHAR NOT NULL,
  started_at_ms BIGINT NOT NULL,
  ended_at_ms BIGINT,
  document VARCHAR NOT NULL
);

-- One row for each incident that is not resolved. The key is the guarantee: a second open incident for it cannot be stored.
CREATE TABLE open_incidents (
  key VARCHAR PRIMARY KEY,
  incident_id VARCHAR NOT NULL
);

-- The outbox. A conversation is (incident_id, receiver, integration); within one, the order of `position` is kept.
CREATE SEQUENCE delivery_positions;
CREATE TABLE deliveries (
  delivery_id VARCHAR NOT NULL,
  incident_id VARCHAR NOT NULL,
  receiver VARCHAR NOT NULL,
  integration VARCHAR NOT NULL,
  position BIGINT NOT NULL DEFAULT nextval('delivery_positions'),
  kind VARCHAR NOT NULL,                    -- of the transition
  status VARCHAR NOT NULL,                  -- pending, delivered, rejected, superseded
  attempts INTEGER NOT NULL,
  created_at_ms BIGINT NOT NULL,
  not_before_ms BIGINT NOT NULL,
  claim VARCHAR,                            -- token of the attempt in flight, committed before the call
  lease_until_ms BIGINT,                    -- when an attempt in flight counts as lost
  ambiguous BOOLEAN NOT NULL,               -- an earlier attempt may have arrived
  breach_received_at_ms BIGINT,
  settled_at_ms BIGINT,
  last_error VARCHAR,
  document VARCHAR NOT NULL                 -- the transition, frozen, and the route's group
);

-- What the other side answered last in a conversation: Slack's channel and ts.
CREATE TABLE receipts (
  incident_id VARCHAR NOT NULL,
  receiver VARCHAR NOT NULL,
  integration VARCHAR NOT NULL,
  receipt VARCHAR NOT NULL,                 -- one JSON object of strings
  at_ms BIGINT NOT NULL
);
