-- Only the identifier and its customer: whole rows are read later by customer, each once.
SELECT id, customer
FROM identifier
WHERE kind = ?1 AND value = ?2
