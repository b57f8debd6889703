-- The index holds the births of a survivor's former customers in order: the oldest comes first.
SELECT id
FROM customer
WHERE survivor = ?1
ORDER BY born
