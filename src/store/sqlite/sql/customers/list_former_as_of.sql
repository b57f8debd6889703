-- The customers that had been merged into a customer, one step back.
SELECT born
FROM customer
WHERE merged_into = ?1 AND merged_seq <= ?2
UNION ALL
SELECT customer
FROM past_merge
WHERE into_id = ?1 AND since <= ?2 AND until > ?2
