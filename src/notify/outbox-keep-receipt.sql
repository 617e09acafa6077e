-- Keeps what the other side answered, unless the lease was lost to a later attempt.
INSERT INTO receipts (incident_id, receiver, integration, receipt, at_ms)
SELECT $incident_id, $receiver, $integration, $receipt, $at_ms
WHERE EXISTS (SELECT 1 FROM deliveries WHERE delivery_id = $delivery_id AND claim = $claim)
