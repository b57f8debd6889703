SELECT arrival, at, kind, by, reason, sides
FROM decision
WHERE arrival > ?1 AND arrival < ?2
ORDER BY arrival
LIMIT ?3
