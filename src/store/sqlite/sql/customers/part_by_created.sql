-- Walks the table by its key. The key never changes, so no customer is listed twice or missed.
SELECT c.id, c.born, c.born
FROM customer c NOT INDEXED
WHERE c.survivor IS NULL
