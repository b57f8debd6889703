-- The id of a merged customer stands for the survivor.
SELECT i.id
FROM identifier i
WHERE i.customer = (SELECT coalesce(c.survivor, c.born) FROM customer c WHERE c.id = ?1)
