-- Operations of requests that came from outside, as far as hot spans tell: most of their spans have no parent here. Kinds: 2 server, 5 consumer.
SELECT s.service, s.name AS operation, s.kind
FROM spans s
WHERE s.kind IN (2, 5) AND s.end_ms >= $from_ms
GROUP BY s.service, s.name, s.kind
HAVING count(*) FILTER (s.parent_span_id = 0) * 2 > count(*)
