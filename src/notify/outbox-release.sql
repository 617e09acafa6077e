-- Ends the leases that a crashed process left: what its attempts did is unknown.
UPDATE outbox SET ambiguous = true, claim = NULL, lease_until_ms = NULL WHERE status = 'pending' AND claim IS NOT NULL
