-- Calls to and from some services in a stretch of minutes, those with most failures first.
SELECT client, server, kind, sum(calls) AS calls, sum(failed) AS failed, sum(CASE WHEN kind IN ('call', 'messaging') THEN server_ns ELSE client_ns END) AS duration_ns
FROM graph_slices
WHERE event_minute >= $from_minute AND event_minute < $to_minute
  AND (list_contains(from_json($services, '["VARCHAR"]'), client) OR list_contains(from_json($services, '["VARCHAR"]'), server))
GROUP BY client, server, kind
ORDER BY failed DESC, calls DESC, client, server, kind
LIMIT $limit
