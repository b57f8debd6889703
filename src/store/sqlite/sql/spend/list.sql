SELECT currency, gross, returned, orders
FROM customer_spend
WHERE customer = ?1
