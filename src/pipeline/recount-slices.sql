-- Slices of one SLO counted anew from stored spans, as if it had been there when they arrived. Spans of the archive stand for those that sampling left out. Weights: as stored, of an attribute where it is a number of at least 1, or one each.
WITH /* archive */ events AS (
  SELECT CAST(s.end_ms // 60000 AS INTEGER) AS event_minute,
    CAST(CASE WHEN s.imported THEN s.end_ms // 60000 ELSE s.arrival_ms // 60000 END AS INTEGER) AS arrived,
    (/* bad */ TRUE) AS bad,
    CASE $weight
      WHEN 'auto' THEN CASE WHEN s.weight_unknown THEN NULL ELSE s.weight END
      WHEN 'none' THEN 1.0 / s.kept_probability
      ELSE CASE WHEN json_type(s.attributes, $weight_path) IN ('UBIGINT', 'BIGINT', 'HUGEINT', 'DOUBLE') THEN TRY_CAST(json_extract_string(s.attributes, $weight_path) AS DOUBLE) / s.kept_probability END
    END AS stated,
    CASE WHEN $weight = 'auto' THEN s.weight ELSE 1.0 / s.kept_probability END AS otherwise
  FROM spans s JOIN resources r ON r.resource_id = s.resource_id
  WHERE ((NOT s.imported AND s.arrival_ms >= $from_minute * 60000 AND s.arrival_ms < $to_minute * 60000)
      OR ($imported AND s.imported AND s.end_ms >= $from_minute * 60000 AND s.end_ms < $to_minute * 60000))
    AND (/* total */ TRUE) IS TRUE
), weighed AS (
  SELECT event_minute, arrived, bad, stated IS NULL OR stated < 1 AS unknown, CASE WHEN stated >= 1 THEN stated ELSE otherwise END AS w FROM events
)
SELECT event_minute, arrived,
  coalesce(sum(w) FILTER (NOT bad), 0) AS good, coalesce(sum(w) FILTER (bad), 0) AS bad,
  coalesce(sum(w * w) FILTER (NOT bad), 0) AS good_squared, coalesce(sum(w * w) FILTER (bad), 0) AS bad_squared,
  CAST(count(*) AS DOUBLE) AS events, CAST(count(*) FILTER (unknown) AS DOUBLE) AS unknown_weight
FROM weighed
GROUP BY event_minute, arrived
ORDER BY arrived, event_minute
