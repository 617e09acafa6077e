-- Why receivers were told of an incident's alerts, or not, oldest first; what became of each message beside it.
SELECT decisions.*, outbox.status AS delivery_status, outbox.attempts AS delivery_attempts, outbox.last_error AS delivery_error, outbox.settled_at_ms AS delivery_settled_at_ms
FROM decisions LEFT JOIN outbox ON outbox.delivery_id = decisions.delivery_id
WHERE decisions.incident_id = $incident_id
ORDER BY decisions.position
LIMIT $limit
