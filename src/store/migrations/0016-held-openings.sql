-- What has begun to fire and is no incident yet, by the key that its incident would have.
CREATE TABLE held_openings (
  key VARCHAR NOT NULL,
  document VARCHAR NOT NULL                 -- HeldOpening as JSON; replaced all the time, hence without a key (see 0002)
);
