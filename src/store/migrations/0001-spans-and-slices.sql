-- Hot spans as they were admitted. Ids are numbers: they append, compare and compress far better than hex text.
CREATE TABLE spans (
  trace_id_high UBIGINT NOT NULL,
  trace_id_low UBIGINT NOT NULL,
  span_id UBIGINT NOT NULL,
  parent_span_id UBIGINT NOT NULL,          -- 0: no parent
  name VARCHAR NOT NULL,
  kind UTINYINT NOT NULL,                   -- OTLP numbers
  status UTINYINT NOT NULL,
  status_message VARCHAR NOT NULL,
  start_ns BIGINT NOT NULL,
  end_ms BIGINT NOT NULL,
  duration_ns BIGINT NOT NULL,
  service VARCHAR NOT NULL,
  resource_id UBIGINT NOT NULL,
  scope_name VARCHAR NOT NULL,
  scope_version VARCHAR NOT NULL,
  attributes VARCHAR NOT NULL,              -- one JSON object
  events VARCHAR,                           -- JSON array of {timeNs, name, attributes}, NULL: none
  links VARCHAR,                            -- JSON array of {traceId, spanId, traceState, attributes}, NULL: none
  trace_state VARCHAR NOT NULL,
  flags UINTEGER NOT NULL,
  weight DOUBLE NOT NULL,
  weight_unknown BOOLEAN NOT NULL,
  dropped_count UINTEGER NOT NULL,
  arrival_ms BIGINT NOT NULL,
  imported BOOLEAN NOT NULL
);

-- A resource comes with every batch but changes with a deployment: stored once, by the hash of its JSON.
CREATE TABLE resources (
  resource_id UBIGINT PRIMARY KEY,
  service VARCHAR NOT NULL,
  attributes VARCHAR NOT NULL               -- one JSON object
);

CREATE TABLE logs (
  trace_id_high UBIGINT NOT NULL,
  trace_id_low UBIGINT NOT NULL,
  span_id UBIGINT NOT NULL,
  time_ns BIGINT NOT NULL,
  severity_number UTINYINT NOT NULL,
  severity_text VARCHAR NOT NULL,
  body VARCHAR NOT NULL,
  service VARCHAR NOT NULL,
  resource_id UBIGINT NOT NULL,
  event_name VARCHAR NOT NULL,
  attributes VARCHAR NOT NULL,
  arrival_ms BIGINT NOT NULL,
  imported BOOLEAN NOT NULL
);

-- Additive: several rows may stand for one key, readers sum.
CREATE TABLE slo_slices (
  slice_key VARCHAR NOT NULL,
  event_minute INTEGER NOT NULL,            -- Unix minutes
  arrival_minute INTEGER NOT NULL,
  good DOUBLE NOT NULL,
  bad DOUBLE NOT NULL,
  good_squared DOUBLE NOT NULL,
  bad_squared DOUBLE NOT NULL,
  events DOUBLE NOT NULL,
  unknown_weight DOUBLE NOT NULL
);

CREATE TABLE red_slices (
  service VARCHAR NOT NULL,
  operation VARCHAR NOT NULL,
  kind UTINYINT NOT NULL,
  event_minute INTEGER NOT NULL,
  arrival_minute INTEGER NOT NULL,
  bucket SMALLINT NOT NULL,                 -- latency bucket, see sli/latency-bucket.ts
  spans DOUBLE NOT NULL,
  errors DOUBLE NOT NULL,
  duration_ns DOUBLE NOT NULL
);

-- Digests of committed export requests: the same bytes again add nothing.
CREATE TABLE batches (
  digest_high UBIGINT NOT NULL,
  digest_low UBIGINT NOT NULL,
  arrival_ms BIGINT NOT NULL,
  admitted UINTEGER NOT NULL,
  rejected UINTEGER NOT NULL,
  message VARCHAR NOT NULL
);

-- received = hot + rejected + deduplicated, per arrival minute; additive.
CREATE TABLE ledger (
  arrival_minute INTEGER NOT NULL,
  signal VARCHAR NOT NULL,
  protocol VARCHAR NOT NULL,
  received DOUBLE NOT NULL,
  hot DOUBLE NOT NULL,
  rejected DOUBLE NOT NULL,
  deduplicated DOUBLE NOT NULL
);

-- Minutes in which Tocsin was up and taking data: coverage is liveness.
CREATE TABLE uptime (minute INTEGER PRIMARY KEY);
