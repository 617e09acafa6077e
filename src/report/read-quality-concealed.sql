-- Where redaction left its mark: what was concealed stays visible as **** or hmac:…, by service, place and an excerpt of the mark alone.
WITH /* archive */
marked AS MATERIALIZED (
  SELECT trace_id_high AS th, trace_id_low AS tl, span_id, service, name, status_message, attributes, coalesce(events, '') AS events FROM spans
  WHERE end_ms >= $from_ms AND end_ms < $to_ms
    AND (contains(attributes, '****') OR contains(attributes, '"hmac:') OR contains(name, '****') OR contains(status_message, '****') OR contains(events, '****'))
),
places AS (
  SELECT th, tl, span_id, service, key AS place, json_extract_string(attributes, '$."' || replace(key, '"', '\"') || '"') AS text FROM (SELECT *, unnest(json_keys(attributes)) AS key FROM marked)
  UNION ALL SELECT th, tl, span_id, service, 'span name', name FROM marked
  UNION ALL SELECT th, tl, span_id, service, 'status message', status_message FROM marked
  UNION ALL SELECT th, tl, span_id, service, 'span event', events FROM marked
)
SELECT service, place, regexp_extract(text, '[A-Za-z0-9_.=: -]{0,16}(\*{4}|hmac:)[@:*0-9]{0,6}') AS mark, count(*)::DOUBLE AS n,
  to_json(list_transform(min({'th': th, 'tl': tl, 's': span_id}, 3), lambda e: [lpad(lower(hex(e.th)), 16, '0') || lpad(lower(hex(e.tl)), 16, '0'), lpad(lower(hex(e.s)), 16, '0')]))::VARCHAR AS examples
FROM places WHERE contains(text, '****') OR starts_with(text, 'hmac:')
GROUP BY ALL ORDER BY n DESC LIMIT 500
