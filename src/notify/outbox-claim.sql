-- Leases what is due: the first pending delivery of each conversation, as many as an integration may have in flight.
UPDATE outbox
SET ambiguous = ambiguous OR claim IS NOT NULL, claim = $claim, lease_until_ms = $lease_until_ms, attempts = attempts + 1
WHERE delivery_id IN (
  WITH pending AS (
    SELECT delivery_id, receiver, integration, position, not_before_ms, coalesce(lease_until_ms, 0) AS lease_until_ms,
           row_number() OVER (PARTITION BY conversation, receiver, integration ORDER BY position) AS place
    FROM outbox WHERE status = 'pending'
  ), in_flight AS (
    SELECT receiver, integration, count(*) AS attempts FROM pending WHERE lease_until_ms > $now_ms GROUP BY receiver, integration
  ), due AS (
    SELECT pending.delivery_id, pending.position,
           row_number() OVER (PARTITION BY pending.receiver, pending.integration ORDER BY pending.position) + coalesce(in_flight.attempts, 0) AS load
    FROM pending LEFT JOIN in_flight ON in_flight.receiver = pending.receiver AND in_flight.integration = pending.integration
    WHERE pending.place = 1 AND pending.not_before_ms <= $now_ms AND pending.lease_until_ms <= $now_ms
  )
  SELECT delivery_id FROM due WHERE load <= $per_integration ORDER BY position LIMIT $limit
)
