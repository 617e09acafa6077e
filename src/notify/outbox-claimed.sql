-- What one claim got, each with the last receipt of its conversation.
SELECT outbox.*, conversation_receipts.receipt
FROM outbox
LEFT JOIN conversation_receipts ON conversation_receipts.conversation = outbox.conversation AND conversation_receipts.receiver = outbox.receiver AND conversation_receipts.integration = outbox.integration
WHERE outbox.claim = $claim AND outbox.status = 'pending'
ORDER BY outbox.position
