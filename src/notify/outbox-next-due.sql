-- When there is something to do next: the earliest first-in-line delivery, or the end of its lease.
SELECT min(greatest(not_before_ms, lease_until_ms)) AS due_ms
FROM (
  SELECT not_before_ms, coalesce(lease_until_ms, 0) AS lease_until_ms,
         row_number() OVER (PARTITION BY conversation, receiver, integration ORDER BY position) AS place
  FROM outbox WHERE status = 'pending'
)
WHERE place = 1
