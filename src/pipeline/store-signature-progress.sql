-- How far failures have been read.
INSERT INTO signature_progress VALUES ($since_ms, $read_to_ms)
