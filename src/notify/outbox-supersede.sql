-- Drops news of numbers, and reminders, that later news of the same conversation has overtaken while it waited.
UPDATE outbox
SET status = 'superseded', settled_at_ms = $now_ms
WHERE status = 'pending' AND kind IN ('updated', 'repeated') AND claim IS NULL
  AND EXISTS (
    SELECT 1 FROM outbox AS later
    WHERE later.status = 'pending' AND later.position > outbox.position
      AND later.conversation = outbox.conversation AND later.receiver = outbox.receiver AND later.integration = outbox.integration
  )
