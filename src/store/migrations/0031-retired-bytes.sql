-- How large the files are that go: room that is on its way is not made twice. Of files that were replaced before, nobody wrote it down.
ALTER TABLE archive_retired ADD COLUMN bytes BIGINT;
