-- The customer of an identifier at a moment: the present customer, or a former one.
SELECT customer
FROM identifier
WHERE id = ?1 AND customer IS NOT NULL AND since <= ?2
UNION ALL
SELECT customer
FROM past_membership
WHERE identifier = ?1 AND since <= ?2 AND until > ?2
