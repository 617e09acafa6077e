-- From when to when imported slices happened.
SELECT min(event_minute) AS first_imported, max(event_minute) AS last_imported FROM slo_slices WHERE imported IS TRUE AND $imported
