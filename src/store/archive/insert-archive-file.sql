-- From here on the file belongs to the archive.
INSERT INTO archive_files VALUES ($file_id, $path, $hour, $min_end_ms, $max_end_ms, $min_arrival_ms, $max_arrival_ms, $spans, $bytes, $sha256, $written_ms)
