-- Makes room for the new receipt of a conversation.
DELETE FROM conversation_receipts
WHERE conversation = $conversation AND receiver = $receiver AND integration = $integration
  AND EXISTS (SELECT 1 FROM outbox WHERE delivery_id = $delivery_id AND claim = $claim)
