-- When the watch over trace quality heard which service and edge last: one document, so that a day of silence goes on over a restart.
CREATE TABLE quality_watch (id INTEGER PRIMARY KEY, document VARCHAR NOT NULL);
