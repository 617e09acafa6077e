-- What no late span changes any more, but for bad traces, which alerts show; and entries whose spans are gone.
DELETE FROM journeys WHERE (looked_ms < $good_before_ms AND NOT bad) OR (looked_ms < $bad_before_ms AND bad) OR (bad IS NULL AND arrival_ms < $bad_before_ms)
