-- Digests of exports young enough that their sender may still send them again, oldest first.
SELECT digest_high, digest_low, arrival_ms, admitted, rejected, message FROM batches WHERE arrival_ms > $since_ms ORDER BY arrival_ms
