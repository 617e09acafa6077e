-- How many entries are due, and when the first of them came.
WITH /* due entries */
SELECT count(*) AS due, min(arrival_ms) AS first_ms FROM due_entries
