-- Deliveries by what became of them.
SELECT status, count(*) AS deliveries FROM outbox GROUP BY status
