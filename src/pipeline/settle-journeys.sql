-- Verdicts of entries, by their span.
UPDATE journeys SET bad = v.bad, looked_ms = $now_ms
FROM (
  SELECT CAST(row[1] AS UBIGINT) AS trace_id_high, CAST(row[2] AS UBIGINT) AS trace_id_low, CAST(row[3] AS UBIGINT) AS span_id, row[4] = 'true' AS bad
  FROM (SELECT unnest(from_json($rows, '[["VARCHAR"]]')) AS row)
) v
WHERE journeys.slo_key = $slo_key AND journeys.trace_id_high = v.trace_id_high AND journeys.trace_id_low = v.trace_id_low AND journeys.span_id = v.span_id
