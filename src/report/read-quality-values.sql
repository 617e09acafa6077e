-- Distinct texts of a sample, for the detectors of sensitive data: what redaction was not told to conceal.
WITH /* archive */
sample AS MATERIALIZED (
  SELECT trace_id_high AS th, trace_id_low AS tl, span_id, service, attributes FROM spans
  WHERE end_ms >= $from_ms AND end_ms < $to_ms AND trace_id_low % $every::UBIGINT = 0
),
-- Keys and values of one reading each, side by side; texts are the values that begin with a quote.
pairs AS (SELECT th, tl, span_id, service, unnest(json_keys(attributes)) AS key, unnest(json_extract(attributes, '$.*')) AS value FROM sample)
SELECT service, key AS place, value ->> '$' AS text, count(*)::DOUBLE AS n,
  to_json(list_transform(min({'th': th, 'tl': tl, 's': span_id}, 3), lambda e: [lpad(lower(hex(e.th)), 16, '0') || lpad(lower(hex(e.tl)), 16, '0'), lpad(lower(hex(e.s)), 16, '0')]))::VARCHAR AS examples
FROM pairs WHERE starts_with(value::VARCHAR, '"')
GROUP BY ALL HAVING length(text) BETWEEN 8 AND 512 LIMIT 3000
