-- Walks the index on (identifier_count) from its end, only as far as needed.
SELECT id, identifier_count
FROM customer
WHERE identifier_count > 0
ORDER BY identifier_count DESC, born DESC
LIMIT ?1
