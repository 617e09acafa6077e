-- When the last span came before a time. The first of an order is found by what row groups are known to hold.
SELECT max(arrival_ms) AS arrival_ms FROM (
  SELECT (SELECT arrival_ms FROM spans_bulk WHERE arrival_ms < $before_ms ORDER BY arrival_ms DESC LIMIT 1) AS arrival_ms
  UNION ALL SELECT (SELECT arrival_ms FROM spans_fresh WHERE arrival_ms < $before_ms ORDER BY arrival_ms DESC LIMIT 1)
)
