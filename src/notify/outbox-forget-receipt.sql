-- Makes room for the new receipt of a conversation.
DELETE FROM receipts
WHERE incident_id = $incident_id AND receiver = $receiver AND integration = $integration
  AND EXISTS (SELECT 1 FROM deliveries WHERE delivery_id = $delivery_id AND claim = $claim)
