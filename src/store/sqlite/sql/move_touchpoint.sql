UPDATE touchpoint
SET owner = ?2, carrier = ?3, moved = ?4, streamed = CASE WHEN ?3 IS NOT NULL THEN 1 END
WHERE arrival = ?1
