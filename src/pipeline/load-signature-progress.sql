-- How far failures have been read.
SELECT since_ms, read_to_ms FROM signature_progress
