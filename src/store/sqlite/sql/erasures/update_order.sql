UPDATE orders
SET events = ?2
WHERE id = ?1
