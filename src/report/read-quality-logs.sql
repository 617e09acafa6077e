-- Log records of a window by service, without those of our own agents: how many belong to a trace, have a severity, or were redacted.
SELECT service, count(*)::DOUBLE AS n, count(*) FILTER (trace_id_high <> 0 OR trace_id_low <> 0)::DOUBLE AS correlated, count(*) FILTER (severity_number = 0)::DOUBLE AS without_severity,
  count(*) FILTER (contains(body, '****') OR contains(attributes, '****'))::DOUBLE AS concealed
FROM logs WHERE event_name <> 'tocsin.agent.losses' AND time_ns >= $from_ms::BIGINT * 1000000 AND time_ns < $to_ms::BIGINT * 1000000 GROUP BY service
