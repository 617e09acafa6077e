-- Good and bad events of one SLO by step of minutes; the stretch [lump_first, lump_end) as one row, because no charted window begins or ends in it. Live events only, as the tick counts them.
SELECT
  CASE
    WHEN event_minute >= $lump_first AND event_minute < $lump_end THEN $lump_first::INTEGER
    ELSE event_minute - event_minute % $step::INTEGER
  END AS minute,
  sum(good) AS good,
  sum(bad) AS bad
FROM slo_slices
WHERE slice_key = $slice_key AND NOT imported AND event_minute >= $first AND event_minute <= $last
GROUP BY 1
ORDER BY 1
