-- Keeps a trace beyond the hot retention, as evidence of an incident.
INSERT INTO pinned_traces VALUES ($high, $low, $incident_id) ON CONFLICT DO NOTHING
