SELECT customer
FROM past_membership
WHERE identifier IN (SELECT value FROM json_each(?1))
