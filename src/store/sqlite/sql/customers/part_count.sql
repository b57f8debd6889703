-- A count with a filter reads every customer, so it is a statement of its own.
SELECT count(*)
FROM customer c
WHERE c.survivor IS NULL
