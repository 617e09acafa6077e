-- Deliveries by what became of them.
SELECT status, count(*) AS deliveries FROM deliveries GROUP BY status
