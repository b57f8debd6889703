-- A count under a filter looks at every customer: it is asked for by itself.
SELECT count(*)
FROM customer c
WHERE c.survivor IS NULL
