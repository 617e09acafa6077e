-- Digests too old for any sender to try again.
DELETE FROM batches WHERE arrival_ms < $before_ms
