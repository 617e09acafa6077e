-- Whether a delivery was given up, as outbox-rejected.sql lists them.
SELECT EXISTS (
  FROM outbox AS later
  WHERE later.conversation = outbox.conversation AND later.receiver = outbox.receiver AND later.integration = outbox.integration
    AND later.position > outbox.position AND later.status = 'delivered'
) AS overtaken
FROM outbox
WHERE delivery_id = $delivery_id AND status = 'rejected'
