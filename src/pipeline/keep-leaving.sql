-- Throws a coin for every leaving trace. It is made of the trace's id and a secret, so that no sender's own sampling by id has decided it already.
INSERT INTO leaving_kept
SELECT l.trace_id_high, l.trace_id_low, l.hour, l.service, d.decision.reason, d.decision.probability
FROM leaving_classes c
JOIN (SELECT unnest(from_json($decisions, '[{"key":"VARCHAR","probability":"DOUBLE","reason":"VARCHAR"}]')) AS decision) d ON d.decision.key = c.stratum
JOIN leaving_traces l ON l.trace_id_high = c.trace_id_high AND l.trace_id_low = c.trace_id_low
WHERE d.decision.probability >= 1 OR l.pinned OR c.stratum NOT LIKE '%,"",""]'
  OR CAST(hash(l.trace_id_high, l.trace_id_low, (SELECT salt FROM sampling_progress)) >> 11 AS DOUBLE) / 9007199254740992 < d.decision.probability
