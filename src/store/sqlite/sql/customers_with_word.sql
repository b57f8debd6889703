-- Who holds identifiers with a word that begins so; as often as they hold some.
SELECT i.customer
FROM identifier_word x
CROSS JOIN identifier i ON i.id = x.identifier
WHERE x.word >= ?1 AND x.word < ?2 AND i.customer IS NOT NULL
LIMIT ?3
