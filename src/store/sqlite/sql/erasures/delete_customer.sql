DELETE FROM customer
WHERE born = ?1
