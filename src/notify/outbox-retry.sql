-- A message that was given up is due again, unless the receiver has later news of its conversation by now.
UPDATE outbox
SET status = 'pending', not_before_ms = $now_ms, settled_at_ms = NULL
WHERE delivery_id = $delivery_id AND status = 'rejected' AND NOT EXISTS (
  FROM outbox AS later
  WHERE later.conversation = outbox.conversation AND later.receiver = outbox.receiver AND later.integration = outbox.integration
    AND later.position > outbox.position AND later.status = 'delivered'
)
