-- Walks the index on (currency, net, customer): customers with money in the currency.
SELECT c.id, c.born, s.net
FROM customer_spend s INDEXED BY customer_spend_by_net
CROSS JOIN customer c ON c.born = s.customer
WHERE c.survivor IS NULL
  AND s.currency = ?16
