-- What the sums replace.
DELETE FROM graph_slices WHERE arrival_minute >= $from_minute AND arrival_minute < $to_minute
