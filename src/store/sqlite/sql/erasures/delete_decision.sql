DELETE FROM decision
WHERE arrival = ?1
