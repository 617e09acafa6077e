-- Bloom filters over the attributes of archived files (store/archive/attribute-filter.ts). Files that were written before have none and are always looked through.
CREATE TABLE archive_filters (
  file_id VARCHAR NOT NULL,
  bits INTEGER NOT NULL,
  filter BIT NOT NULL
);
