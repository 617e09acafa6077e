-- What was done about the exclusions of an SLO, newest first.
SELECT at_ms, exclusion, change, created_by, reason, what, budget_before, budget_after FROM exclusion_log WHERE slo = $slo ORDER BY at_ms DESC, exclusion LIMIT $limit
