-- A stored message, and the present customer of its owner; null without a customer.
SELECT c.id
FROM message m
JOIN identifier i ON i.id = m.owner
LEFT JOIN customer c ON c.born = i.customer
WHERE m.id = ?1
