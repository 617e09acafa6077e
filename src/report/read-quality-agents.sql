-- What the eBPF agents of each host said they lost (docs/agent.md, "What the agent lost"): one row for each number of their records.
WITH told AS (
  SELECT coalesce(r.attributes ->> '$."host.name"', r.attributes ->> '$."host.id"', '') AS host, l.attributes
  FROM logs l JOIN resources r ON r.resource_id = l.resource_id
  WHERE l.event_name = 'tocsin.agent.losses' AND l.time_ns >= $from_ms::BIGINT * 1000000 AND l.time_ns < $to_ms::BIGINT * 1000000
)
SELECT host, key, sum(try_cast(attributes ->> ('$."' || key || '"') AS DOUBLE)) AS n
FROM (SELECT host, attributes, unnest(json_keys(attributes)) AS key FROM told) WHERE starts_with(key, 'tocsin.agent.') AND NOT contains(key, '"') GROUP BY ALL
