-- Messages that were given up, newest first; not those of drills, which are no longer worth anything. `overtaken`: the receiver has later news of the same conversation.
SELECT outbox.*, EXISTS (
  FROM outbox AS later
  WHERE later.conversation = outbox.conversation AND later.receiver = outbox.receiver AND later.integration = outbox.integration
    AND later.position > outbox.position AND later.status = 'delivered'
) AS overtaken
FROM outbox
WHERE status = 'rejected' AND NOT starts_with(incident_id, 'drill-')
ORDER BY position DESC
LIMIT $limit
