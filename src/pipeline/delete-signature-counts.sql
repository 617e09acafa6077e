-- Counts that nobody looks at any more.
DELETE FROM signature_counts WHERE minute < $before_minute
