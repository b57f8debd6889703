UPDATE touchpoint
SET owner = ?2, carrier = ?3, moved = ?4
WHERE arrival = ?1
