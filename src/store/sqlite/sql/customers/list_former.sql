-- The index has the births of a survivor's former customers in order, oldest first.
SELECT id
FROM customer
WHERE survivor = ?1
ORDER BY born
