SELECT coalesce(survivor, born)
FROM customer
WHERE id = ?1
