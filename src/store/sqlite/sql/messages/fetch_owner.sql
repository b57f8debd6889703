-- A message that is stored, and who holds its owner now; the customer is null when nobody does.
SELECT c.id
FROM message m
JOIN identifier i ON i.id = m.owner
LEFT JOIN customer c ON c.born = i.customer
WHERE m.id = ?1
