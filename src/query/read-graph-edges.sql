-- Calls between services whose server ended in a range of minutes, by kind and latency bucket.
SELECT client, server, kind, bucket, sum(calls) AS calls, sum(failed) AS failed,
  sum(CASE WHEN kind IN ('call', 'messaging') THEN server_ns ELSE client_ns END) AS duration_ns
FROM graph_slices
WHERE event_minute BETWEEN $first AND $last
GROUP BY client, server, kind, bucket
