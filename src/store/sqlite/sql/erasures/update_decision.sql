UPDATE decision
SET reason = ?2, sides = ?3
WHERE arrival = ?1
