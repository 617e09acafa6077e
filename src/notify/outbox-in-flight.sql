-- How many attempts hold a lease.
SELECT count(*) AS deliveries FROM outbox WHERE status = 'pending' AND claim IS NOT NULL
