-- Who holds identifiers that a word is found by; as often as they hold some.
SELECT i.customer
FROM word_of x
CROSS JOIN identifier i ON i.id = x.identifier
WHERE x.word = ?1 AND i.customer IS NOT NULL
LIMIT ?2
