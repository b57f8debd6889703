-- Walks the table by its key: customers without money in the currency. They count as 0.
SELECT c.id, c.born, 0
FROM customer c NOT INDEXED
WHERE c.survivor IS NULL
  AND NOT EXISTS (SELECT 1 FROM customer_spend s WHERE s.customer = c.born AND s.currency = ?16)
