-- The sums.
INSERT INTO slo_slices BY NAME SELECT * FROM compacted_slo_slices
