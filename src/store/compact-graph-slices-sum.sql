-- Closed arrival minutes: the rows of one key, as one.
CREATE OR REPLACE TEMP TABLE compacted_graph_slices AS
SELECT client, server, kind, event_minute, arrival_minute, bucket, sum(calls) AS calls, sum(failed) AS failed, sum(client_ns) AS client_ns, sum(server_ns) AS server_ns
FROM graph_slices WHERE arrival_minute >= $from_minute AND arrival_minute < $to_minute
GROUP BY client, server, kind, event_minute, arrival_minute, bucket
