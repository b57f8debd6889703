DELETE FROM side
WHERE decision = ?1
