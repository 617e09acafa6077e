-- Sums of squared weights: how many independent requests weighted ones are worth. Null in rows of older versions, whose weights nobody knows.
ALTER TABLE red_slices ADD COLUMN spans_squared DOUBLE;
ALTER TABLE red_slices ADD COLUMN errors_squared DOUBLE;

-- Quarters of an hour in which an operation was judged to be unusual, told or not: they are no baseline for later ones.
CREATE TABLE unusual_windows (
  service VARCHAR NOT NULL,
  operation VARCHAR NOT NULL,
  from_minute INTEGER NOT NULL             -- Unix minutes
);
