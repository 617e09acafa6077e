-- A change as it was told; the same id again replaces it.
INSERT OR REPLACE INTO changes VALUES ($id, $at_ms, $kind, nullif($service, ''), nullif($version, ''), $title, $created_by, nullif($url, ''))
