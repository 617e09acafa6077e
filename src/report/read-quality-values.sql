-- Distinct texts of a sample, for the detectors of sensitive data: what redaction was not told to conceal.
WITH /* archive */
sample AS (
  SELECT trace_id_high AS th, trace_id_low AS tl, span_id, service, attributes FROM spans
  WHERE end_ms >= $from_ms AND end_ms < $to_ms AND trace_id_low % $every::UBIGINT = 0
),
texts AS (SELECT *, unnest(json_keys(attributes)) AS key FROM sample)
SELECT service, key AS place, json_extract_string(attributes, '$."' || replace(key, '"', '\"') || '"') AS text, count(*)::DOUBLE AS n,
  to_json(list_transform(min({'th': th, 'tl': tl, 's': span_id}, 3), lambda e: [lpad(lower(hex(e.th)), 16, '0') || lpad(lower(hex(e.tl)), 16, '0'), lpad(lower(hex(e.s)), 16, '0')]))::VARCHAR AS examples
FROM texts WHERE json_type(attributes, '$."' || replace(key, '"', '\"') || '"') = 'VARCHAR'
GROUP BY ALL HAVING length(text) BETWEEN 8 AND 512 LIMIT 3000
