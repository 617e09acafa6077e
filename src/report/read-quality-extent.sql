-- How many spans end in each minute, to cut the time into windows of bounded size.
WITH /* archive */
nothing AS (SELECT 1)
SELECT (end_ms // 60000)::DOUBLE AS minute, count(*)::DOUBLE AS n FROM spans WHERE end_ms >= $from_ms AND end_ms < $to_ms GROUP BY ALL ORDER BY ALL
