INSERT INTO past_membership (identifier, customer, since, until)
SELECT id, customer, since, ?2
FROM identifier
WHERE id = ?1
