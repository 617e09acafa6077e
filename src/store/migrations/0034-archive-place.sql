-- One row: where the files of the archive are (store/archive/archive-place.ts). None before the first start that wrote it down.
CREATE TABLE archive_place (place VARCHAR NOT NULL);
