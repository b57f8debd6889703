UPDATE touchpoint
SET streamed = 1
WHERE arrival = ?1
