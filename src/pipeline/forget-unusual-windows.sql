-- What no baseline reaches back to.
DELETE FROM unusual_windows WHERE from_minute < $before_minute
