-- A touchpoint has the arrival of its message.
SELECT arrival
FROM message
WHERE id = ?1
