-- A weekly report, by whoever has the claim to it.
INSERT OR IGNORE INTO quality_reports
SELECT $from_ms, $made_at_ms, $document WHERE (SELECT maker FROM quality_audits WHERE kind = 'week' AND from_ms = $from_ms) = $maker
