-- One customer, if the conditions hold, with every sort key.
SELECT c.id, c.born, c.last_seen_at,
       coalesce((SELECT s.net FROM customer_spend s WHERE s.customer = c.born AND s.currency = ?14), 0)
FROM customer c
WHERE c.born = ?13 AND c.survivor IS NULL
