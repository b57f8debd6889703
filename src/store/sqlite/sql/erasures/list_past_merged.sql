SELECT customer
FROM past_merge
WHERE into_id = ?1
UNION ALL
SELECT into_id
FROM past_merge
WHERE customer = ?1
