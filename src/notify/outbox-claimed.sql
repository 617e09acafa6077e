-- What one claim got, each with the last receipt of its conversation.
SELECT deliveries.*, receipts.receipt
FROM deliveries
LEFT JOIN receipts ON receipts.incident_id = deliveries.incident_id AND receipts.receiver = deliveries.receiver AND receipts.integration = deliveries.integration
WHERE deliveries.claim = $claim AND deliveries.status = 'pending'
ORDER BY deliveries.position
