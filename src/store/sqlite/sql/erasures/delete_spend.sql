DELETE FROM customer_spend
WHERE customer = ?1
