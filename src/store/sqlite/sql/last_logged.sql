-- The last change in the log, from the end of the table.
SELECT coalesce(max(seq), 0)
FROM change
