-- Who called whom. Additive: several rows may stand for one key, readers sum.
CREATE TABLE graph_slices (
  client VARCHAR NOT NULL,
  server VARCHAR NOT NULL,
  kind VARCHAR NOT NULL,                    -- call, messaging, database, external
  event_minute INTEGER NOT NULL,            -- Unix minutes
  arrival_minute INTEGER NOT NULL,
  bucket SMALLINT NOT NULL,                 -- latency bucket, see sli/latency-bucket.ts
  calls DOUBLE NOT NULL,
  failed DOUBLE NOT NULL,
  client_ns DOUBLE NOT NULL,
  server_ns DOUBLE NOT NULL
);
