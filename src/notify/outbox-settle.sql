-- Records the outcome of an attempt, unless its lease was lost to a later one.
UPDATE outbox
SET status = $status, claim = NULL, lease_until_ms = NULL, not_before_ms = $not_before_ms, ambiguous = $ambiguous, last_error = $last_error,
    settled_at_ms = CASE WHEN $status = 'pending' THEN NULL ELSE $at_ms END
WHERE delivery_id = $delivery_id AND claim = $claim
