SELECT count(*)
FROM erased_customer
WHERE id = ?1
