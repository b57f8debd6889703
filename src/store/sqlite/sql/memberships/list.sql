-- An id that was merged away stands for the customer it became.
SELECT i.id
FROM identifier i
WHERE i.customer = (SELECT coalesce(c.survivor, c.born) FROM customer c WHERE c.id = ?1)
