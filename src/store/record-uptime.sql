-- Tocsin was up and taking data in this minute.
INSERT INTO uptime VALUES ($minute) ON CONFLICT DO NOTHING
