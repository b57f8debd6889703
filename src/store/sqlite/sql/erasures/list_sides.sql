SELECT number, identifier
FROM side
WHERE decision = ?1
