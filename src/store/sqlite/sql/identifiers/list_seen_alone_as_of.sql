SELECT first_at, last_at
FROM seen_alone
WHERE identifier = ?1 AND since <= ?2
