-- Drops number-only news that later news of the same conversation has overtaken while it waited.
UPDATE deliveries
SET status = 'superseded', settled_at_ms = $now_ms
WHERE status = 'pending' AND kind = 'updated' AND claim IS NULL
  AND EXISTS (
    SELECT 1 FROM deliveries AS later
    WHERE later.status = 'pending' AND later.position > deliveries.position
      AND later.incident_id = deliveries.incident_id AND later.receiver = deliveries.receiver AND later.integration = deliveries.integration
  )
