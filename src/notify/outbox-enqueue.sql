-- Puts one delivery into the outbox; the same delivery again is the same delivery.
INSERT INTO outbox (delivery_id, incident_id, receiver, integration, conversation, kind, status, attempts, created_at_ms, not_before_ms, ambiguous, breach_received_at_ms, document)
SELECT $delivery_id, $incident_id, $receiver, $integration, $conversation, $kind, 'pending', 0, $created_at_ms, $not_before_ms, false, $breach_received_at_ms::BIGINT, $document
WHERE NOT EXISTS (SELECT 1 FROM outbox WHERE delivery_id = $delivery_id)
