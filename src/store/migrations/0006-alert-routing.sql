-- The outbox anew, by conversation: what one receiver hears about one notification group, from its first message to its last.
-- A table of its own, because DuckDB cannot replay ALTER TABLE from its log where a column has a sequence as its default.
CREATE TABLE outbox (
  delivery_id VARCHAR NOT NULL,
  incident_id VARCHAR NOT NULL,             -- that the message leads with
  receiver VARCHAR NOT NULL,
  integration VARCHAR NOT NULL,
  conversation VARCHAR NOT NULL,            -- with receiver and integration: in this, the order of `position` is kept
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
  document VARCHAR NOT NULL                 -- the transition and the group, frozen
);
INSERT INTO outbox (delivery_id, incident_id, receiver, integration, conversation, position, kind, status, attempts, created_at_ms, not_before_ms, claim, lease_until_ms, ambiguous, breach_received_at_ms, settled_at_ms, last_error, document)
SELECT delivery_id, incident_id, receiver, integration, incident_id, position, kind, status, attempts, created_at_ms, not_before_ms, claim, lease_until_ms, ambiguous, breach_received_at_ms, settled_at_ms, last_error, document
FROM deliveries;
DROP TABLE deliveries;

-- What the other side answered last in a conversation: Slack's channel and ts.
CREATE TABLE conversation_receipts (
  conversation VARCHAR NOT NULL,
  receiver VARCHAR NOT NULL,
  integration VARCHAR NOT NULL,
  receipt VARCHAR NOT NULL,                 -- one JSON object of strings
  at_ms BIGINT NOT NULL
);
INSERT INTO conversation_receipts (conversation, receiver, integration, receipt, at_ms)
SELECT incident_id, receiver, integration, receipt, at_ms FROM receipts;
DROP TABLE receipts;

-- Notification groups whole, as documents: replaced all the time, hence without a key (see 0002).
CREATE TABLE notification_groups (
  group_id VARCHAR NOT NULL,
  document VARCHAR NOT NULL
);

-- Alerts that were posted, until they are over and told.
CREATE TABLE posted_alerts (
  alert_id VARCHAR NOT NULL,
  document VARCHAR NOT NULL
);

CREATE TABLE silences (
  silence_id VARCHAR NOT NULL,
  ends_at_ms BIGINT NOT NULL,
  document VARCHAR NOT NULL
);

-- Why a receiver was told of an alert, or not: one row for each change of mind.
CREATE SEQUENCE decision_positions;
CREATE TABLE decisions (
  position BIGINT NOT NULL DEFAULT nextval('decision_positions'),
  at_ms BIGINT NOT NULL,
  incident_id VARCHAR NOT NULL,
  alert_id VARCHAR NOT NULL,
  group_key VARCHAR NOT NULL,
  route VARCHAR NOT NULL,
  receiver VARCHAR NOT NULL,
  integration VARCHAR NOT NULL,              -- empty: the receiver as a whole
  outcome VARCHAR NOT NULL,                  -- waits, sent, silenced, inhibited, muted, not-sent, left
  reason VARCHAR NOT NULL,
  delivery_id VARCHAR
);
