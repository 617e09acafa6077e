-- Calls between services that arrived in closed minutes, by kind and latency bucket; without what is history ($late_minutes).
SELECT client, server, kind, bucket, sum(calls) AS calls, sum(failed) AS failed,
  sum(CASE WHEN kind IN ('call', 'messaging') THEN server_ns ELSE client_ns END) AS duration_ns
FROM graph_slices
WHERE arrival_minute >= $first AND arrival_minute < $end AND arrival_minute - event_minute <= $late_minutes
GROUP BY client, server, kind, bucket
