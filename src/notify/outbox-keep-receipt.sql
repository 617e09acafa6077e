-- Keeps what the other side answered, unless the lease was lost to a later attempt.
INSERT INTO conversation_receipts (conversation, receiver, integration, receipt, at_ms)
SELECT $conversation, $receiver, $integration, $receipt, $at_ms
WHERE EXISTS (SELECT 1 FROM outbox WHERE delivery_id = $delivery_id AND claim = $claim)
