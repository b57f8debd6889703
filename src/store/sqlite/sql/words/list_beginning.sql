SELECT id
FROM word
WHERE text >= ?1 AND text < ?2
LIMIT ?3
