-- The value of the counter, and the last change in the log, from the end of the table.
SELECT seq, (SELECT coalesce(max(seq), 0) FROM change)
FROM counter
WHERE id = 1
