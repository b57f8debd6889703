SELECT id
FROM identifier
WHERE customer = ?1 AND since <= ?2
UNION ALL
SELECT identifier
FROM past_membership
WHERE customer = ?1 AND since <= ?2 AND until > ?2
