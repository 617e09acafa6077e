-- Drills that are remembered, oldest first.
SELECT document FROM drills ORDER BY started_at_ms, drill_id
