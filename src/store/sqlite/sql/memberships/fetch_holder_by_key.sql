-- Only who is meant and who holds it: the whole rows are read by customer, each once.
SELECT id, customer
FROM identifier
WHERE kind = ?1 AND value = ?2
