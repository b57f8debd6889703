-- The identifiers of a customer after the change ?2.
SELECT i.id
FROM customer c
JOIN identifier i ON i.customer = c.born
WHERE c.id = ?1 AND i.since <= ?2
UNION ALL
SELECT p.identifier
FROM customer c
JOIN past_membership p ON p.customer = c.born
WHERE c.id = ?1 AND p.since <= ?2 AND p.until > ?2
