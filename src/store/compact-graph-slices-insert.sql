-- The sums.
INSERT INTO graph_slices BY NAME SELECT * FROM compacted_graph_slices
