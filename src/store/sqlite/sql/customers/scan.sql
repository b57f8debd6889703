-- Every id that was issued before ?2, also of customers that were merged away, from the index on (id).
SELECT id
FROM customer
WHERE id > ?1 AND born < ?2
ORDER BY id
LIMIT ?3
