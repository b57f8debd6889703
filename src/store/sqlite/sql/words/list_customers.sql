-- The customers of identifiers with this word. A customer is listed once per such identifier.
SELECT i.customer
FROM word_of x
CROSS JOIN identifier i ON i.id = x.identifier
WHERE x.word = ?1 AND i.customer IS NOT NULL
LIMIT ?2
