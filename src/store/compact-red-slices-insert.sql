-- The sums.
INSERT INTO red_slices BY NAME SELECT * FROM compacted_red_slices
