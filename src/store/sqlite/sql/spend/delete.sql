DELETE FROM customer_spend
WHERE customer = ?1 AND currency = ?2
