-- Spans of one trace from its files. What each holds is put together by who reads it (pipeline/span-of-row.ts): to have the database make JSON of it takes longer to plan than to run.
SELECT a."TraceId", a."SpanId", a."ParentSpanId", a."SpanName", a."SpanKind", a."StatusCode", a."StatusMessage", epoch_ns(a."Timestamp") AS start_ns, CAST(a."Duration" AS BIGINT) AS duration_ns,
  a."ServiceName", a."ScopeName", a."ScopeVersion", a."TraceState", a."Flags", a."Weight", CAST(to_json(a."SpanAttributes") AS VARCHAR) AS attributes, a."SpanAttributesTyped" AS typed,
  CASE WHEN len(a."Events") > 0 THEN CAST(to_json(list_transform(a."Events", lambda e: {'timeNs': epoch_ns(e."Timestamp"), 'name': e."Name", 'attributes': e."Attributes", 'typed': e."Typed"})) AS VARCHAR) END AS events,
  CASE WHEN len(a."Links") > 0 THEN CAST(to_json(list_transform(a."Links", lambda l: {'traceId': l."TraceId", 'spanId': l."SpanId", 'traceState': l."TraceState", 'attributes': l."Attributes", 'typed': l."Typed"})) AS VARCHAR) END AS links,
  r.attributes AS resource_attributes
FROM /* files */ a LEFT JOIN resources r ON r.resource_id = a."ResourceId"
WHERE a."TraceId" = /* trace */
ORDER BY start_ns, a."SpanId"
LIMIT $limit
