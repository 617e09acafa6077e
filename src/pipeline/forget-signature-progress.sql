-- Before the new row.
DELETE FROM signature_progress
