-- Imported data (`tocsin import`, or events older than an hour at arrival) is stored and shown but never pages: live evaluation skips these rows.
ALTER TABLE slo_slices ADD COLUMN imported BOOLEAN DEFAULT false;
