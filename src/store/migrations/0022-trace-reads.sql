-- Who read traces, by hour, and how long the answers took: Tocsin's own record of access. Additive: several rows may stand for one key.
CREATE TABLE trace_reads (
  hour_ms BIGINT NOT NULL,                  -- start of the hour, Unix milliseconds
  reader VARCHAR NOT NULL,                  -- name of the token, or why there was none and from where
  what VARCHAR NOT NULL,                    -- trace, search
  refused BOOLEAN NOT NULL,
  bucket SMALLINT NOT NULL,                 -- of the answer's latency, see sli/latency-bucket.ts
  n DOUBLE NOT NULL
);
