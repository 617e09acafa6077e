-- Where the last so many minutes begin in which Tocsin was up; those of a stop in between do not count.
SELECT min(minute) AS minute FROM (SELECT minute FROM uptime ORDER BY minute DESC LIMIT $minutes)
