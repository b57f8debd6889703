SELECT entries
FROM change
WHERE seq = ?1
