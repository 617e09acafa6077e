-- Error signatures whole, as documents (lib/document-json.ts): replaced all the time, hence without a key (see 0002).
CREATE TABLE signatures (
  signature_id VARCHAR NOT NULL,
  last_seen_ms BIGINT NOT NULL,
  document VARCHAR NOT NULL
);

-- Failed requests by signature and minute of the failure. Additive: several rows may stand for one key, readers sum.
CREATE TABLE signature_counts (
  signature_id VARCHAR NOT NULL,
  minute INTEGER NOT NULL,                  -- Unix minutes
  failures DOUBLE NOT NULL
);

-- One row: since when failures are kept track of, and to which arrival they have been read.
CREATE TABLE signature_progress (
  since_ms BIGINT NOT NULL,
  read_to_ms BIGINT NOT NULL
);
