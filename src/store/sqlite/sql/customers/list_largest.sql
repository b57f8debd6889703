-- Along the index on (identifier_count), backwards, and no further than is asked.
SELECT id, identifier_count
FROM customer
WHERE identifier_count > 0
ORDER BY identifier_count DESC, born DESC
LIMIT ?1
