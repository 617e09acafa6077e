-- What a sample of the spans carries: one row for each service and key, with how many values there are; and whether status and codes agree.
-- The sample is whole traces, one in $every by trace id.
WITH /* archive */
sample AS MATERIALIZED (
  SELECT trace_id_high AS th, trace_id_low AS tl, span_id, kind, status, service, attributes FROM spans
  WHERE end_ms >= $from_ms AND end_ms < $to_ms AND trace_id_low % $every::UBIGINT = 0
),
keys AS (SELECT th, tl, span_id, service, unnest(json_keys(attributes)) AS key, attributes FROM sample),
codes AS (
  SELECT *, try_cast(attributes ->> '$."http.response.status_code"' AS INTEGER) AS code FROM sample WHERE kind IN (2, 3) AND contains(attributes, '"http.response.status_code"')
),
facts AS (
  SELECT 'attribute-values' AS fact, service, key AS subject, count(*)::DOUBLE AS n, 0::DOUBLE AS bad, approx_count_distinct(json_extract_string(attributes, '$."' || replace(key, '"', '\"') || '"'))::DOUBLE AS value,
    min({'th': th, 'tl': tl, 's': span_id}, 3) AS examples
  FROM keys WHERE key IN ('http.route', 'url.template', 'db.collection.name', 'db.query.summary', 'db.operation.name', 'rpc.method', 'error.type', 'messaging.destination.template', 'messaging.operation.name') GROUP BY service, key
  UNION ALL BY NAME
  SELECT 'attribute-keys' AS fact, service, '' AS subject, count(*)::DOUBLE AS n, 0::DOUBLE AS bad, approx_count_distinct(key)::DOUBLE AS value, min({'th': th, 'tl': tl, 's': span_id}, 3) AS examples
  FROM keys GROUP BY service
  UNION ALL BY NAME
  -- Names that no convention has: what a glossary is asked about.
  SELECT * FROM (
    SELECT 'attribute-key' AS fact, service, key AS subject, count(*)::DOUBLE AS n, 0::DOUBLE AS bad, 0::DOUBLE AS value, min({'th': th, 'tl': tl, 's': span_id}, 3) AS examples
    FROM keys WHERE NOT list_contains(string_split($namespaces, ','), split_part(key, '.', 1)) GROUP BY service, key ORDER BY n DESC LIMIT 300
  )
  UNION ALL BY NAME
  SELECT 'wrong-level' AS fact, service, key AS subject, count(*)::DOUBLE AS n, count(*)::DOUBLE AS bad, 0::DOUBLE AS value, min({'th': th, 'tl': tl, 's': span_id}, 3) AS examples
  FROM keys WHERE starts_with(key, 'k8s.') OR starts_with(key, 'telemetry.sdk.') OR starts_with(key, 'host.') OR key IN ('service.name', 'service.version', 'service.instance.id', 'service.namespace', 'deployment.environment.name') GROUP BY service, key
  UNION ALL BY NAME
  SELECT 'wrong-status' AS fact, service, CASE WHEN kind = 2 THEN 'server' ELSE 'client' END AS subject, count(*)::DOUBLE AS n,
    count(*) FILTER ((code >= 500 AND status <> 2) OR (kind = 3 AND code BETWEEN 400 AND 499 AND status <> 2) OR (kind = 2 AND code BETWEEN 100 AND 499 AND status = 2))::DOUBLE AS bad, 0::DOUBLE AS value,
    min({'th': th, 'tl': tl, 's': span_id}, 3) FILTER ((code >= 500 AND status <> 2) OR (kind = 3 AND code BETWEEN 400 AND 499 AND status <> 2) OR (kind = 2 AND code BETWEEN 100 AND 499 AND status = 2)) AS examples
  FROM codes GROUP BY ALL
  UNION ALL BY NAME
  SELECT 'sampled-spans' AS fact, service, '' AS subject, count(*)::DOUBLE AS n, 0::DOUBLE AS bad, sum(strlen(attributes))::DOUBLE AS value, NULL AS examples FROM sample GROUP BY service
)
SELECT fact, service, subject, n, bad, value, to_json(list_transform(coalesce(examples, []), lambda e: [lpad(lower(hex(e.th)), 16, '0') || lpad(lower(hex(e.tl)), 16, '0'), lpad(lower(hex(e.s)), 16, '0')]))::VARCHAR AS examples
FROM facts
