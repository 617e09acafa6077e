-- Incidents that ended shortly before the last end, which may open again; the youngest end last.
SELECT document FROM incidents
WHERE status = 'resolved' AND ended_at_ms >= (SELECT max(ended_at_ms) FROM incidents WHERE status = 'resolved') - $within_ms
ORDER BY ended_at_ms, incident_id
